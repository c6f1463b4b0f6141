"""Names looked for on public lists: the lists, what is found of whom, and what people say to it."""

"""support: cases, and the conversation in which holders get help."""

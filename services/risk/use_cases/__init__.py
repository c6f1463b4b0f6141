"""The steps around the deciders: the answer in line, lists of names, screenings."""

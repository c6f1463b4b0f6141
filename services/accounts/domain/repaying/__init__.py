"""A holder's plan of payments on dates, drawn by themselves."""

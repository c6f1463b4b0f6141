"""What becomes of a customer: another profile, accounts, and in the end being forgotten."""

"""The holder's consent to be charged for exceeding the limit (12 CFR 1026.56)."""

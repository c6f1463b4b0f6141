"""loyalty: points earned by rule, kept in lots, used, taken back, expired."""

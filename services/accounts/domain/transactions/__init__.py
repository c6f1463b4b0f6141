"""Transactions as people look at them: merchants' names, words to search by, labels."""

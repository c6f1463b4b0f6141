"""What accounts decides: programmes, customers, card numbers, credit accounts, the ledger. Pure."""

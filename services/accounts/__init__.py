"""The system of record: programmes, customers, credit accounts, cards, charges, ledger."""

"""A portfolio's ledger as its owner reads it: transactions, lots, and expiries to come."""

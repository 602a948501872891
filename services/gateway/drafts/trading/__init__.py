"""Trades of a draft: from what a user wants to lines of a ledger with prices."""

"""Portfolios, positions, tags and cash flows of users, and the files they come from."""

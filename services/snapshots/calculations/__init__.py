"""The mathematics of snapshots: which are due, what portfolios are worth, and what they risk."""

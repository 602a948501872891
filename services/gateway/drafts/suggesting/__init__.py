"""Trades that bring measures of a draft to targets: what is sent to stress, and what it says."""

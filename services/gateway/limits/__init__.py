"""Limits: what users set, how their portfolios stand, and what they do about breaches."""

"""Bundled real data and three demo portfolios."""

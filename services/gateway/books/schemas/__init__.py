"""Requests and answers of portfolios, positions, tags and uploads."""

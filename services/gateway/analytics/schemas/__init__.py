"""Requests and answers of stored and requested calculations."""

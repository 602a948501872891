"""Answers: rows of one transaction, shaped."""

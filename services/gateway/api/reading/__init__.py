"""Answers put together from published rows: each function reads once and shapes what it read."""

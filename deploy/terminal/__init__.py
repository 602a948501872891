"""Commands of a user: what the API answers, as tables for the terminal or as JSON for scripts."""

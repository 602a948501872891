"""Models of users: preferences, tokens, administration, audit log."""

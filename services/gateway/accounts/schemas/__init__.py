"""Models of users: preferences, administration, audit log."""

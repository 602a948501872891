"""SQL of users: preferences, administration, audit log."""

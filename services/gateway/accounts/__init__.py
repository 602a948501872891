"""Users: what they prefer, their personal tokens, their administration, and the audit log."""

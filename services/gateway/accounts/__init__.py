"""Users: what they prefer, their administration, and the audit log."""

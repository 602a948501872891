"""Users: preferences, personal tokens, exports, their administration, and the audit log."""

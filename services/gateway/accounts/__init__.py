"""The administration of users, and the audit log."""

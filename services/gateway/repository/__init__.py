"""Every SQL statement of the gateway, one file per subject. Nothing here commits."""

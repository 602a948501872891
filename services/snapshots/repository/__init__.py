"""Every SQL statement of the snapshots service, one file per subject. Nothing here commits."""

"""Upload of a position file: planned, written and reported in one transaction."""

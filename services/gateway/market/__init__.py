"""Market data as ingest stores them."""

"""Everything on the wire: one file per publishing service, pydantic only."""

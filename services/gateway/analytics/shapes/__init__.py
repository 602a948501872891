"""Pure shaping of stored figures."""

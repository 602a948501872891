"""SQL of drafts."""

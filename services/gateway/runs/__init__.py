"""Run tracking: what the events report, and what followers of a run receive."""

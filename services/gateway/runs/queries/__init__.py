"""SQL of runs, their items and their news."""

"""The gateway's pure functions: position files, the status of a run, and the shape of a report."""

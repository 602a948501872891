"""Registration, log-in and passwords."""

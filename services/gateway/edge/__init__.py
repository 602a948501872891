"""What every request passes: limits, problems, the caller, idempotency, audit, outbox."""

"""When a message that could not be delivered is sent again."""

from datetime import datetime, timedelta

# After each failed attempt the next one follows so much later: quickly where a receiver restarts,
# then rarely, until more than a day has passed.
DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=12),
)
SPREAD = 0.2  # the largest share of a delay that is added, so that messages do not return together


def next_attempt(failed: int, now: datetime, jitter: float) -> datetime | None:
    """When to send again after `failed` attempts; None when the message is given up.

    `jitter`: between 0 and 1, chosen by the caller; it lengthens the delay by up to a fifth.
    """
    if failed > len(DELAYS):
        return None
    return now + DELAYS[failed - 1] * (1 + SPREAD * jitter)

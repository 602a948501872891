"""What a provider under test is given: little patience, and a pace that only counts."""

from services.ingest.providers.patience import Patience

HASTY = Patience(
    attempts=3,
    first_pause_seconds=0.01,
    longest_pause_seconds=0.05,
    connect_seconds=0.5,
    silence_seconds=0.5,
    whole_answer_seconds=1.0,
)


class Counted:
    """A pace that lets everything through and counts."""

    def __init__(self) -> None:
        self.turns = 0

    async def wait(self) -> None:
        """Count one."""
        self.turns += 1

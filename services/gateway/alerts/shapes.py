"""Places in lists whose latest entries come first."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)


class InvalidMark(ValueError):
    """Text that names no place in a list."""


@dataclass(frozen=True)
class Mark:
    """The entry that a page begins behind: its moment, and its id among those of that moment."""

    moment: datetime
    identity: UUID


def written(mark: Mark) -> str:
    """The mark as a word in a URL."""
    return f"{(mark.moment - _EPOCH) // _STEP}_{mark.identity.hex}"


def read(word: str) -> Mark:
    """The mark that a word was written for; raises `InvalidMark`."""
    steps, _, identity = word.partition("_")
    try:
        return Mark(_EPOCH + int(steps) * _STEP, UUID(hex=identity))
    except (ValueError, OverflowError) as error:
        raise InvalidMark(word) from error

"""Pages of lists whose latest entries come first: each begins behind a mark (keyset)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, tuple_

from services.gateway.edge.problems import Problem

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


def mark_after(
    after: Annotated[
        str | None, Query(max_length=100, description="`next` of the page before")
    ] = None,
) -> Mark | None:
    """The entry that the page begins behind; 422 for a word that names none."""
    try:
        return read(after) if after else None
    except InvalidMark:
        raise Problem(422, "invalid_cursor", "after is not the `next` of a page") from None


After = Annotated[Mark | None, Depends(mark_after)]


def behind(
    moment: ColumnElement[datetime], identity: ColumnElement[UUID], mark: Mark
) -> ColumnElement[bool]:
    """Whether a row comes after the mark, in a list by moment and identity, both descending."""
    return tuple_(moment, identity) < tuple_(mark.moment, mark.identity)


def following(marks: Sequence[Mark], limit: int) -> str | None:
    """Where the page after the first `limit` entries begins; None when there are no others."""
    return written(marks[limit - 1]) if len(marks) > limit else None

"""Dead letters are replayed: by an operator, and by themselves where an outage was the cause."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from pydantic import ValidationError

from services.gateway.edge import queries as edge_queries
from services.gateway.edge.outbox import trace_headers
from services.gateway.edge.queries import Row
from services.gateway.runs.queries import dead_letters
from shared.contracts.event import Event
from shared.database import Session
from shared.topology import EVENTS

WAIT = timedelta(seconds=60)  # after the letter: what was away may be only just back
REPLAYS = 5  # of one message; then its letter waits for an operator
AT_ONCE = 100
log = structlog.get_logger("sigmasight.gateway")


class UnreadableLetter(Exception):
    """The message of a letter would be given up again."""

    def __init__(self) -> None:
        super().__init__(
            "the message is no event that this version understands: it would be given up again"
        )


async def replay(session: Session, letter: Row, user_id: UUID | None, now: datetime) -> None:
    """Publish the letter's message again, once the transaction commits.

    The caller holds the letter. Raises `UnreadableLetter`.
    """
    await edge_queries.save_event(
        session, _event_of(letter), trace_headers(), replay_id=letter["letter_id"]
    )
    await dead_letters.save_replayed(session, letter["letter_id"], user_id, now)


async def replay_of_outages(session: Session, now: datetime) -> None:
    """Replay what was given up only because Postgres or the bus was away."""
    for letter in await dead_letters.lock_of_outages(session, now - WAIT, REPLAYS, AT_ONCE):
        facts = {name: str(letter[name]) for name in ("letter_id", "service", "heard", "run_id")}
        try:
            await replay(session, letter, None, now)
        except UnreadableLetter as error:
            log.error("a letter of an outage cannot be replayed", **facts, exc_info=error)
        else:
            log.warning("replayed after an outage", **facts)


def _event_of(letter: Row) -> Event:
    kind = EVENTS.get(letter["heard"])
    if kind is None:
        raise UnreadableLetter
    try:
        return kind.model_validate_json(letter["payload"])
    except ValidationError as error:
        raise UnreadableLetter from error

"""Dead letters: a message that a service gave up on, and why, as small as the bus takes it."""

from uuid import uuid5

from shared.contracts.event import EVENT_NAMESPACE, DeadLetter, Event
from shared.database import is_outage
from shared.errors import BusUnavailable
from shared.messaging.broker import LARGEST_BYTES, Delivery

LONGEST_MESSAGE = 2000  # characters of an error in a dead letter


def letter_about(
    word: str, kind: type[Event], event: Event | None, message: Delivery, error: Exception
) -> DeadLetter:
    """The letter of the service `word` about a message; `event` is None for one it cannot read."""
    letter = DeadLetter(
        letter_id=uuid5(EVENT_NAMESPACE, f"dead/{word}/{message.position}"),
        service=word,
        heard=kind.subject,
        run_id=event.run_id if event else None,
        attempts=message.attempt,
        error=type(error).__name__,
        message=text_for_operators(error),
        payload=message.body.decode("utf-8", errors="replace"),
        headers=message.headers,
        of_outage=is_outage(error) or isinstance(error, BusUnavailable),
    )
    return small_enough(letter)


def small_enough(letter: DeadLetter) -> DeadLetter:
    """The letter as the bus takes it: a payload that is too long is cut, which its message says."""
    payload = letter.payload
    kept = len(payload)
    while len(letter.model_dump_json().encode()) > LARGEST_BYTES and kept:
        kept //= 2
        cut = f"the payload is cut to {kept:,} of {len(payload):,} characters"
        message = f"{cut}: {letter.message}"[:LONGEST_MESSAGE]
        letter = letter.model_copy(update={"payload": payload[:kept], "headers": {}})
    return letter if kept == len(payload) else letter.model_copy(update={"message": message})


def text_for_operators(error: Exception) -> str:
    """The error's text, and that of its cause where it was raised for one."""
    cause = error.__cause__
    text = str(error) if cause is None else f"{error}: {type(cause).__name__}: {cause}"
    return text[:LONGEST_MESSAGE]

"""Which decodable events are not worked on."""

from shared.calendar import require_session
from shared.contracts.event import Event, ShardEvent
from shared.errors import NewerSchema


def require_workable(kind: type[Event], event: Event) -> None:
    """Refuse what no attempt can make right.

    Raises `NewerSchema` for an event of a newer version of its schema, whose meaning may have
    changed, and `NotASession` for work on a day on which the exchange is closed: its rows would
    be of a day that no reader asks for.
    """
    known = int(kind.model_fields["schema_version"].default)
    if event.schema_version > known:
        raise NewerSchema(kind.subject, event.schema_version, known)
    if isinstance(event, ShardEvent):
        require_session(event.as_of)

"""The statements that a service sends to its database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import event

from shared.database import Database

# Set in what the caller awaits and starts, not in what ran before, such as a background loop.
_NOTING = ContextVar("_NOTING", default=False)
_OF_TRANSACTIONS = ("BEGIN", "COMMIT", "ROLLBACK")


@contextmanager
def noted_statements(
    database: Database, found_in: Callable[[str], list[str]] = lambda statement: [statement]
) -> Iterator[list[str]]:
    """What is found in every statement that the caller causes meanwhile, in order: the statement
    unless said otherwise. In transactions that begin meanwhile; known once the loop has had its
    turn.
    """
    noted: list[str] = []
    logged: list[Any] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if _NOTING.get():
            noted.extend(found_in(statement))

    def note_of_driver(sent: Any) -> None:
        if _NOTING.get() and not sent.query.startswith(_OF_TRANSACTIONS):
            noted.extend(found_in(sent.query))

    def listen(connection: Any, *_: Any) -> None:
        logged.append(connection.driver_connection)
        connection.driver_connection.add_query_logger(note_of_driver)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "checkout", listen)
    before = _NOTING.set(True)
    try:
        yield noted
    finally:
        _NOTING.reset(before)
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "checkout", listen)
        for connection in logged:
            connection.remove_query_logger(note_of_driver)

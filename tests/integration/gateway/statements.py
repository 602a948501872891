"""The statements that a gateway sends to its database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from services.gateway.edge.dependencies import Gateway


@contextmanager
def noted_statements(
    gateway: Gateway, found_in: Callable[[str], list[str]] = lambda statement: [statement]
) -> Iterator[list[str]]:
    """What is found in every statement sent meanwhile, in order: the statement unless said
    otherwise.
    """
    noted: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        noted.extend(found_in(statement))

    engine = gateway.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield noted
    finally:
        event.remove(engine, "before_cursor_execute", note)

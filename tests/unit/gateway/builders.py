"""What the tests of uploaded files share: the day, the rules, and what is wrong with a file."""

from datetime import date
from typing import Any

from services.gateway.books.files import (
    Entries,
    Holdings,
    Rules,
    Sheet,
    UnreadableFile,
    sheet_of,
)
from shared.calendar import is_session

AS_OF = date(2022, 12, 28)


def file_of(*rows: str, header: str) -> bytes:
    """A file of these lines below its header."""
    return "\n".join([header, *rows]).encode()


def rules(known: set[str] | None = None, as_of: date = AS_OF, **more: Any) -> Rules:
    """The rules of a day on which these symbols are known, or, with None, any."""
    return Rules(as_of, known, is_session, **more)


def codes(judged: Holdings | Entries) -> list[tuple[int, str | None, str]]:
    """Line, field and code of every problem."""
    return [(problem.line, problem.field, problem.code) for problem in judged.problems]


def sheet_if_readable(data: bytes) -> Sheet | None:
    """The sheet of a file, or None where the file as a whole is refused."""
    try:
        return sheet_of(data)
    except UnreadableFile:
        return None

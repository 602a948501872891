"""What can be wrong with a file, and with a row of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """What is wrong: the physical line (1 is the first), the column, a stable code, a sentence."""

    line: int
    field: str | None
    code: str
    message: str


class UnreadableFile(ValueError):
    """The file as a whole cannot be read; none of its rows was checked."""

    def __init__(self, line: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(line, field, code, message)

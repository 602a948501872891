"""What the doctor says of one thing it looked at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `fix` is empty when there is nothing to do; only problems make the exit
    code 1.
    """

    subject: str
    message: str
    fix: str = ""
    is_problem: bool = False


def problem(subject: str, message: str, fix: str) -> Finding:
    """A finding that has to be fixed."""
    return Finding(subject, message, fix, is_problem=True)

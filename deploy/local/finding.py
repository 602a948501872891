"""One finding of `sigmasight doctor`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    `fix` is empty when there is nothing to do; the command exits with 1 only for problems.
    """

    subject: str
    message: str
    fix: str = ""
    is_problem: bool = False


def problem(subject: str, message: str, fix: str) -> Finding:
    """A finding that has to be fixed."""
    return Finding(subject, message, fix, is_problem=True)

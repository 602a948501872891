"""Codes of a second factor, as a command is given them: each is good once, and is never shown."""

import sys
from typing import Annotated

import typer

from deploy.local.errors import Explained

CODE = "SIGMASIGHT_CODE"
Code = Annotated[
    str | None,
    typer.Option(
        "--code",
        envvar=CODE,
        help="A code of the administrator's second factor; default: asked for where it is needed.",
    ),
]


def given_or_typed(given: str | None, whose: str, otherwise: str) -> str:
    """A code of a second factor: as it was given, else as it is typed at a terminal.

    Raises `Explained` where there is no terminal; `otherwise` says what to do then.
    """
    if given and given.strip():
        return given.strip()
    if not sys.stdin.isatty():
        raise Explained(f"{whose} has a second factor: {otherwise}")
    return str(typer.prompt(f"Code of the second factor of {whose}", err=True, hide_input=True))

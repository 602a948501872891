"""What the commands of the stack print, and their errors as one sentence."""

import functools
from collections.abc import Callable
from typing import ParamSpec

import typer
from rich.console import Console

from deploy.local.api import PRINTED, sentence

console = Console()
errors = Console(stderr=True)
Parameters = ParamSpec("Parameters")


def explained(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Print errors that the user can act on as one red sentence, and exit with 1."""

    @functools.wraps(command)
    def run(*arguments: Parameters.args, **options: Parameters.kwargs) -> None:
        try:
            command(*arguments, **options)
        except PRINTED as error:
            text = sentence(error)
            errors.print(text, style="red", highlight=False, markup=False, soft_wrap=True)
            raise typer.Exit(1) from error

    return run


def say(text: str) -> None:
    """Print a sentence without markup."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)

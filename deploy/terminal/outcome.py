"""How a user's command ends: its exit code, and its errors as sentences or as JSON."""

import functools
import json
import os
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Annotated, ParamSpec, TypedDict

import httpx2
import typer
from rich.console import Console

from deploy.local.errors import Explained
from sigmasight_client import ApiError, NotCalculated
from sigmasight_client.models import FieldError

PIPED_COLUMNS = 160  # of output that no terminal shows, where COLUMNS does not say
console = Console()
if not console.is_terminal and "COLUMNS" not in os.environ:
    console.width = PIPED_COLUMNS
errors = Console(stderr=True)
AsJson = Annotated[
    bool, typer.Option("--json", help="Print what the API answered, and errors, as JSON.")
]
MOST_LINES = 50  # of a list of problems; --json has all
Parameters = ParamSpec("Parameters")
FAILURES = (Explained, ApiError, NotCalculated, httpx2.TransportError)


class ExitCode(IntEnum):
    """What scripts learn of a command. 2, a wrong use of the command, is Typer's."""

    DONE = 0
    REFUSED = 1
    IN_PART = 3
    BREACHED = 4
    UNREACHABLE = 5


EXIT_CODES = (
    "Exit codes: 0 done, 1 refused or failed, 2 wrong use, 3 done in part (rows refused, figures "
    "missing), 4 a limit is breached, 5 the API does not answer."
)
FIXES = {
    "wrong_credentials": "set SIGMASIGHT_EMAIL and SIGMASIGHT_PASSWORD of a user; "
    "`sigmasight register` creates one",
    "invalid_token": "the token in SIGMASIGHT_TOKEN is over: get another one, or log in with "
    "SIGMASIGHT_EMAIL and SIGMASIGHT_PASSWORD",
    "second_factor_wrong": "set SIGMASIGHT_CODE to the next code; scripts use a personal token",
    **dict.fromkeys(
        ("token_expired", "token_revoked", "scope_missing"),
        "personal tokens are made in the page under Settings; set SIGMASIGHT_TOKEN to the new one",
    ),
    "token_not_accepted": "set SIGMASIGHT_EMAIL and SIGMASIGHT_PASSWORD in place of "
    "SIGMASIGHT_TOKEN",
}


class Failure(TypedDict):
    """An error as scripts read it; `status` is HTTP's, null where the API did not answer."""

    status: int | None
    code: str
    detail: str
    errors: Sequence[FieldError]


def user_command(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Print what the user or the API has to do about an error, and exit with its code."""

    @functools.wraps(command)
    def run(*arguments: Parameters.args, **options: Parameters.kwargs) -> None:
        try:
            command(*arguments, **options)
        except FAILURES as error:
            print_failure(failure_of(error), as_json=bool(options.get("as_json")))
            unreachable = isinstance(error, httpx2.TransportError)
            code = ExitCode.UNREACHABLE if unreachable else ExitCode.REFUSED
            raise typer.Exit(code) from error

    run.__doc__ = f"{command.__doc__}\n\n{EXIT_CODES}"
    return run


def failure_of(error: Exception) -> Failure:
    """An error with the fix, where the API's sentence does not name it."""
    if isinstance(error, httpx2.TransportError):
        detail = f"the API does not answer ({error}): see `sigmasight status`, or correct --url"
        return Failure(status=None, code="unreachable", detail=detail, errors=[])
    if not isinstance(error, ApiError):
        return Failure(status=None, code="failed", detail=str(error), errors=[])
    fix = FIXES.get(error.code)
    detail = f"{error.detail}: {fix}" if fix else error.detail
    return Failure(status=error.status, code=error.code, detail=detail, errors=error.errors)


def print_failure(failure: Failure, *, as_json: bool) -> None:
    """Print a failure to the standard error stream."""
    if as_json:
        errors.print(json.dumps({"error": failure}), markup=False, highlight=False, soft_wrap=True)
        return
    detail = failure["detail"]
    further = [each for each in failure["errors"] if each["message"] not in detail]
    for line in [detail, *problem_lines(further)]:
        errors.print(line, style="red", markup=False, highlight=False, soft_wrap=True)


def problem_lines(problems: Sequence[FieldError]) -> list[str]:
    """Problems of a file or a request, each on a line with its place."""
    lines = [_problem_line(problem) for problem in problems[:MOST_LINES]]
    more = len(problems) - MOST_LINES
    return [*lines, f"... and {more} more: --json prints all"] if more > 0 else lines


def _problem_line(problem: FieldError) -> str:
    line = problem.get("line")
    place = [f"line {line}"] if line else []
    place += [problem.get("field") or ""]
    where = ", ".join(filter(None, place))
    return f"  {where}: {problem['message']}" if where else f"  {problem['message']}"


def print_json(answer: object) -> None:
    """Print an answer for scripts, as it is."""
    typer.echo(json.dumps(answer, indent=2, default=str))


def say(text: str) -> None:
    """Print a sentence without markup."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def note(text: str) -> None:
    """Print a remark to the standard error stream, so that it is in no script's input."""
    errors.print(text, style="dim", markup=False, highlight=False, soft_wrap=True)

"""`sigmasight runs`, `dead-letters`, `quarantine` and `version`: what operators look at."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from uuid import UUID

import typer
from rich.markup import escape
from rich.table import Table

from deploy.local import control
from deploy.local.api import logged_in_administrator
from deploy.local.codes import Code
from deploy.local.printing import console, explained, say
from deploy.local.state import StateDirectory
from shared import __version__
from sigmasight_client.models import RunDetail

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Most = Annotated[int, typer.Option("-n", "--most", min=1, max=1000, help="How many, newest first.")]
Status = Literal["running", "completed", "partial", "failed"]
letters = typer.Typer(help="Messages that services gave up: list, show, replay.")


@explained
def runs(
    run_id: Annotated[UUID | None, typer.Argument(help="One run, with its problems.")] = None,
    status: Annotated[
        Status | None, typer.Option(help="running, completed, partial or failed only.")
    ] = None,
    most: Most = 20,
    as_text: AsJson = False,
    code: Code = None,
) -> None:
    """List the runs of the stack, or show one."""
    state = control.ready_state(StateDirectory.default())
    with logged_in_administrator(state, code) as admin:
        if run_id is not None:
            run = admin.get_run(run_id)
            print_answer(run, as_text, _problems(run))
        else:
            page = admin.list_runs(status=status, limit=most)
            names = ("run_id", "as_of", "trigger", "status", "started_at", "finished_at")
            print_answer(page, as_text, table_of(page["items"], page["total"], names))


@letters.callback(invoke_without_command=True)
@explained
def list_letters(
    context: typer.Context,
    replayed: Annotated[bool, typer.Option(help="Replayed ones too.")] = False,
    most: Most = 20,
    as_text: AsJson = False,
    code: Code = None,
) -> None:
    """List what services gave up."""
    if context.invoked_subcommand is not None:
        return
    state = control.ready_state(StateDirectory.default())
    with logged_in_administrator(state, code) as admin:
        page = admin.list_letters(replayed=None if replayed else False, limit=most)
    names = ("letter_id", "service", "heard", "error", "message", "buried_at", "replayed_at")
    print_answer(page, as_text, table_of(page["items"], page["total"], names))


@letters.command(name="show")
@explained
def show_letter(letter_id: UUID, as_text: AsJson = False, code: Code = None) -> None:
    """Show one message: why it was given up, and the message itself."""
    state = control.ready_state(StateDirectory.default())
    with logged_in_administrator(state, code) as admin:
        letter = admin.get_letter(letter_id)
    table = Table("", "", show_header=False)
    for name, value in letter.items():
        table.add_row(name, "-" if value is None else escape(str(value)))
    print_answer(letter, as_text, table)


@letters.command(name="replay")
@explained
def replay_letter(letter_id: UUID, as_text: AsJson = False, code: Code = None) -> None:
    """Publish a message again; a message is replayed once."""
    state = control.ready_state(StateDirectory.default())
    with logged_in_administrator(state, code) as admin:
        letter = admin.replay_letter(letter_id)
    if as_text:
        console.print_json(json.dumps(letter))
    else:
        say(f"{letter['heard']} for {letter['service']} is published again.")


@explained
def quarantine(
    symbol: Annotated[str | None, typer.Argument(help="Of this symbol only.")] = None,
    most: Most = 20,
    as_text: AsJson = False,
    code: Code = None,
) -> None:
    """List the closes that were rejected as implausible, and why."""
    state = control.ready_state(StateDirectory.default())
    with logged_in_administrator(state, code) as admin:
        page = admin.list_quarantined(symbol=symbol, limit=most)
    names = ("symbol", "session_date", "close", "source", "reason", "seen_at")
    print_answer(page, as_text, table_of(page["items"], page["total"], names))


@explained
def version(as_text: AsJson = False) -> None:
    """Print the version of this program."""
    if as_text:
        console.print_json(json.dumps({"version": __version__}))
    else:
        say(__version__)


def print_answer(answer: Mapping[str, object], as_text: bool, table: Table) -> None:
    """Print what the API answered, as JSON or as a table."""
    if as_text:
        console.print_json(json.dumps(answer))
    else:
        console.print(table)


def table_of(items: Sequence[Mapping[str, object]], total: int, names: tuple[str, ...]) -> Table:
    """A page's items, a column for each of the API's names."""
    table = Table(caption=f"{len(items)} of {total}")
    for name in names:
        table.add_column(name, no_wrap=name.endswith("_id"))  # ids are copied
    for item in items:
        table.add_row(*("-" if item[name] is None else escape(str(item[name])) for name in names))
    return table


def _problems(run: RunDetail) -> Table:
    named = f"{run['run_id']}: {run['trigger']} of {run['as_of']}, {run['status']}"
    table = Table("stage", "shard", "code", "message", title=named, title_style="bold")
    for problem in run["problems"]:
        table.add_row(
            *(escape(str(problem[name])) for name in ("stage", "shard", "code", "message"))
        )
    return table

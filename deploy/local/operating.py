"""`sigmasight runs`, `dead-letters` and `version`: what an operator looks at, and replays."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from uuid import UUID

import typer
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
letters = typer.Typer(help="Messages that services gave up: list, replay.")


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
            _print(run, as_text, _problems(run))
        else:
            page = admin.list_runs(status=status, limit=most)
            names = ("run_id", "as_of", "trigger", "status", "started_at", "finished_at")
            _print(page, as_text, _table(page["items"], page["total"], names))


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
    _print(page, as_text, _table(page["items"], page["total"], names))


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
def version(as_text: AsJson = False) -> None:
    """Print the version of this program."""
    if as_text:
        console.print_json(json.dumps({"version": __version__}))
    else:
        say(__version__)


def _print(answer: Mapping[str, object], as_text: bool, table: Table) -> None:
    if as_text:
        console.print_json(json.dumps(answer))
    else:
        console.print(table)


def _table(items: Sequence[Mapping[str, object]], total: int, names: tuple[str, ...]) -> Table:
    """A page's items, a column for each of the API's names."""
    table = Table(caption=f"{len(items)} of {total}")
    for name in names:
        table.add_column(name, no_wrap=name.endswith("_id"))  # ids are copied
    for item in items:
        table.add_row(*("-" if item[name] is None else str(item[name]) for name in names))
    return table


def _problems(run: RunDetail) -> Table:
    named = f"{run['run_id']}: {run['trigger']} of {run['as_of']}, {run['status']}"
    table = Table("stage", "shard", "code", "message", title=named, title_style="bold")
    for problem in run["problems"]:
        table.add_row(*(str(problem[name]) for name in ("stage", "shard", "code", "message")))
    return table

"""The `sigmasight` command: the embedded stack from a terminal."""

import functools
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, ParamSpec

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

from deploy.local import backfill, control
from deploy.local.client import ApiClient
from deploy.local.demo import admin_client, print_outcome, run_demo
from deploy.local.doctor import findings, spelling_mistakes
from deploy.local.errors import Explained
from deploy.local.ports import is_listening
from deploy.local.programs import tail
from deploy.local.replay import one_session, replay, sessions_between
from deploy.local.report import print_unfinished, timing_table
from deploy.local.stack import SERVERS, WORDS, answers_ok
from deploy.local.state import ProgramState, StackState, StateDirectory, as_json
from deploy.local.supervisor import supervise

app = typer.Typer(
    help="Portfolio-risk analytics on this machine: no Docker, nothing else to install.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()
complaints = Console(stderr=True)

LOGS = (*SERVERS, "bootstrap", *WORDS, "supervisor")
PHASES = {
    "servers": "starting Postgres and NATS",
    "bootstrap": "preparing roles, tables, streams",
    "services": "starting the six services",
}
Parameters = ParamSpec("Parameters")
Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], metavar="DATE")]


def explained(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Turn errors a person can act on into one red sentence and exit code 1."""

    @functools.wraps(command)
    def run(*arguments: Parameters.args, **options: Parameters.kwargs) -> None:
        try:
            command(*arguments, **options)
        except Explained as error:
            complaints.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
            raise typer.Exit(1) from error

    return run


@app.command()
@explained
def up(
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay until Ctrl-C.")] = False,
) -> None:
    """Start the stack and wait until it is ready."""
    directory = StateDirectory.default()
    refuse_misspelt_settings()
    if directory.is_claimed():
        console.print("The stack is already running.")
    elif foreground:
        raise typer.Exit(supervise(directory))
    else:
        start(directory)
    show_status(directory.load())


def refuse_misspelt_settings() -> None:
    """Raise `Explained` for a variable that would stop some service, before anything is started."""
    mistakes = spelling_mistakes(os.environ)
    if mistakes:
        raise Explained("; ".join(mistakes))


def start(directory: StateDirectory, *, tied: bool = False) -> StackState:
    """Launch the supervisor and wait with a display of what it is at."""
    started = time.monotonic()
    with console.status("starting") as display:

        def show(state: StackState) -> None:
            ready = sum(program.ready for program in state.programs.values())
            display.update(
                f"{PHASES.get(state.phase, state.phase)} ({ready} of {len(WORDS) + 2} programs ready)"
            )

        state = control.wait_ready(directory, control.launch(directory, tied=tied), show)
    console.print(f"The stack is ready after {time.monotonic() - started:.1f} s.")
    return state


@app.command()
@explained
def down() -> None:
    """Stop the stack; its data stay."""
    with console.status("stopping"):
        stopped = control.stop_stack(StateDirectory.default())
    console.print("The stack is stopped." if stopped else "The stack was not running.")


@app.command()
@explained
def status(as_text: Annotated[bool, typer.Option("--json", help="For tools.")] = False) -> None:
    """Show every process of the stack."""
    directory = StateDirectory.default()
    running, state = directory.is_claimed(), directory.load()
    if as_text:
        console.print_json(json.dumps(as_json(state) | {"running": running}))
    elif running:
        show_status(state)
    else:
        console.print("The stack is not running: start it with `sigmasight up`.")
    if not running or state.phase != "ready":
        raise typer.Exit(1)


def show_status(state: StackState) -> None:
    """The table of processes, and where to go next."""
    table = Table(
        "process", "pid", "up for", "restarts", "ready", "address", title=f"stack: {state.phase}"
    )
    for name, program in state.programs.items():
        pid = str(program.identity.pid) if program.identity else "-"
        ready = "[green]yes[/green]" if is_ready_now(name, program) else "[red]no[/red]"
        table.add_row(name, pid, uptime(program), str(program.restarts), ready, program.address)
    console.print(table)
    console.print(f"API: {state.gateway_url}/api/v1   documentation: {state.gateway_url}/docs")


def is_ready_now(name: str, program: ProgramState) -> bool:
    """Ask the program itself, not the supervisor's memory."""
    if name in WORDS:
        return answers_ok(f"{program.address}/health/ready")
    return program.ready and is_listening(int(program.address.rpartition(":")[2]))


def uptime(program: ProgramState) -> str:
    """Hours, minutes and seconds since the process was created."""
    process = program.identity.process() if program.identity else None
    if process is None:
        return "-"
    with_seconds = int(time.time() - process.create_time())
    return f"{with_seconds // 3600}:{with_seconds // 60 % 60:02d}:{with_seconds % 60:02d}"


@app.command()
@explained
def logs(
    service: Annotated[str | None, typer.Argument(help=f"One of: {', '.join(LOGS)}.")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=1)] = 40,
) -> None:
    """Show the last lines of one program's log, or of all."""
    if service is not None and service not in LOGS:
        raise Explained(f"there is no log of '{service}': choose one of {', '.join(LOGS)}")
    folder = StateDirectory.default().logs
    chosen = {name: folder / f"{name}.log" for name in ([service] if service else LOGS)}
    for name, path in chosen.items():
        for line in tail(path, lines).splitlines():
            write_log_line(name, line, alone=service is not None)
    if follow:
        follow_logs(chosen)


def write_log_line(name: str, line: str, *, alone: bool) -> None:
    """A log line as it is, with its program's name when there are several."""
    console.print(
        line if alone else f"{name:>10} | {line}", markup=False, highlight=False, soft_wrap=True
    )


def follow_logs(paths: dict[str, Path]) -> None:
    """Print what is appended to the files until Ctrl-C; a file that was set aside is read from its
    start.
    """
    seen = {name: path.stat().st_size if path.exists() else 0 for name, path in paths.items()}
    try:
        while True:
            for name, path in paths.items():
                for line in appended(path, seen, name):
                    write_log_line(name, line, alone=len(paths) == 1)
            time.sleep(0.3)
    except KeyboardInterrupt:
        return


def appended(path: Path, seen: dict[str, int], name: str) -> Iterator[str]:
    """Complete lines written since the last look."""
    size = path.stat().st_size if path.exists() else 0
    if size < seen[name]:
        seen[name] = 0
    if size == seen[name]:
        return
    with path.open("rb") as handle:
        handle.seek(seen[name])
        text = handle.read()
    complete = text[: text.rfind(b"\n") + 1]
    seen[name] += len(complete)
    yield from complete.decode(errors="replace").splitlines()


@app.command()
@explained
def doctor() -> None:
    """Look for what may be wrong, and say what to do about it."""
    found = list(findings(StateDirectory.default(), os.environ))
    table = Table("", "what", "finding", "what to do")
    for finding in found:
        mark = (
            "[red]✗[/red]"
            if finding.is_problem
            else ("[yellow]![/yellow]" if finding.fix else "[green]✓[/green]")
        )
        table.add_row(mark, finding.subject, finding.message, finding.fix)
    console.print(table)
    problems = sum(finding.is_problem for finding in found)
    console.print(f"{problems} problem(s)" if problems else "nothing to fix")
    if problems:
        raise typer.Exit(1)


@app.command(name="market-close")
@explained
def market_close(day: Day) -> None:
    """Run one session for every portfolio and follow it to its end."""
    run_sessions(one_session(day.date()))


@app.command(name="replay")
@explained
def replay_sessions(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"])],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"])],
) -> None:
    """Run every session of a period for every portfolio and follow them to their end."""
    run_sessions(sessions_between(first.date(), last.date()))


@app.command(name="backfill")
@explained
def fetch_history(
    day: Annotated[
        datetime | None,
        typer.Option(
            "--session", formats=["%Y-%m-%d"], help="Up to this session; default: the last one."
        ),
    ] = None,
) -> None:
    """Fetch what is missing of a year of history of everything held, and show each symbol as it is
    done.

    Ctrl-C ends the showing only: the stack goes on, and the same command shows the rest.
    """
    state = control.ready_state(StateDirectory.default())
    wanted = day.date() if day else None
    with admin_client(state) as admin:
        first = backfill.first_look(admin, wanted)
        say(f"Asked for closes, in this order: {backfill.asked_in_order(first)}.")
        if backfill.nothing_to_fetch(first):
            say(f"Everything there is is stored: {backfill.totals_line(first)}.")
            last = first
        else:
            last = follow_backfill(admin, first, wanted)
    if (table := backfill.incomplete_table(last)) is not None:
        console.print(table)
    reasons = backfill.to_act_on(last)
    for reason in reasons:
        complaints.print(reason, style="red", markup=False, highlight=False, soft_wrap=True)
    if reasons:
        raise typer.Exit(1)


def follow_backfill(admin: ApiClient, first: backfill.Look, day: date | None) -> backfill.Look:
    """Ask for the fetch unless it is under way, and show it to its end."""
    run_id, under_way = backfill.start(admin, day)
    if under_way:
        say("A fetch is under way already; this is how far it is.")
    try:
        with backfill.display(console, first) as show:
            last = backfill.follow(admin, run_id, show)
    except KeyboardInterrupt:
        say("The stack goes on fetching: `sigmasight backfill` shows how far it is.")
        raise typer.Exit(130) from None
    say(f"{backfill.totals_line(last)}; the run is {last.run['status']}.")
    return last


def say(sentence: str) -> None:
    """A sentence as it is."""
    console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def run_sessions(days: Sequence[date]) -> None:
    """Ask, follow with a progress bar, print seconds per stage; exit code 1 when a run did not
    complete.
    """
    state = control.ready_state(StateDirectory.default())
    with admin_client(state) as admin, progress_bar() as show:
        done = replay(admin, days, partial(show, "replaying sessions"))
    console.print(timing_table(done))
    print_unfinished(console, done)
    if done.unfinished():
        raise typer.Exit(1)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar that is told what is being done, how much is done, and of how much."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with RichProgress(*columns, console=console) as bar:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=of)
            bar.update(tasks[what], completed=done, total=of)

        yield show


@app.command()
@explained
def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop the stack after the report.")] = False,
) -> None:
    """Start everything, replay 90 sessions of three books, print their risk reports."""
    started = time.monotonic()
    refuse_misspelt_settings()
    directory = StateDirectory.default()
    with running_stack(directory) as (state, ours):
        with progress_bar() as show:
            outcome = run_demo(state, show)
        print_outcome(console, state, outcome, started)
        if ours and not once:
            wait_for_the_end(directory)
    if outcome.lacks():
        raise typer.Exit(1)


@contextmanager
def running_stack(directory: StateDirectory) -> Iterator[tuple[StackState, bool]]:
    """A stack that is up, and whether it is ours: then it is stopped on leaving, or when this
    process dies.
    """
    if directory.is_claimed():
        yield control.ready_state(directory), False
        return
    try:
        yield start(directory, tied=True), True
    finally:
        with console.status("stopping"):
            control.stop_stack(directory)


def wait_for_the_end(directory: StateDirectory) -> None:
    """Until Ctrl-C, or until somebody else stops the stack."""
    console.print("The stack stays up until Ctrl-C.")
    with suppress(KeyboardInterrupt):
        while directory.is_claimed():
            time.sleep(0.5)

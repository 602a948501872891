"""The `sigmasight` command: the local stack from a terminal."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

from deploy.local import backfill, control
from deploy.local.administering import administrators
from deploy.local.administrator import Given, announcement
from deploy.local.api import ensure_administrator, logged_in_administrator
from deploy.local.codes import Code
from deploy.local.dashboard import show_dashboard
from deploy.local.demo import print_outcome, run_demo
from deploy.local.demo_plan import DemoPlan, plan_of_today
from deploy.local.doctor import findings, spelling_mistakes
from deploy.local.errors import Explained
from deploy.local.keeping import backup, restore
from deploy.local.log_lines import follow_logs, write_log_line
from deploy.local.operating import letters, quarantine, runs, version
from deploy.local.printing import console, errors, explained, say
from deploy.local.programs import tail
from deploy.local.replay import one_session, replay, sessions_between
from deploy.local.report import print_unfinished, timing_table
from deploy.local.scaling import is_replica, save_scale, wait_scaled, wanted_scale
from deploy.local.stack import SERVERS, WORDS, is_ready_now
from deploy.local.state import ProgramState, StackState, StateDirectory, as_json
from deploy.local.supervisor import supervise
from deploy.terminal import agents, exports, limits, report, upload, whatif
from sigmasight_client import SigmaSight

app = typer.Typer(
    help="Run SigmaSight, portfolio-risk analytics, on this machine without Docker.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for of_users in (upload.register, upload.upload, report.report, whatif.whatif, agents.mcp):
    app.command()(of_users)
for of_operators in (backup, restore, runs, quarantine, version):
    app.command()(of_operators)
app.add_typer(letters, name="dead-letters")
app.add_typer(administrators, name="admin")
app.add_typer(limits.app, name="limits")
app.add_typer(exports.app, name="export")

LOGS = (*SERVERS, "bootstrap", *WORDS, "supervisor")
PHASES = {
    "servers": "starting Postgres and NATS",
    "bootstrap": "preparing roles, tables, streams",
    "services": "starting the eight services",
}
Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], metavar="DATE")]


@app.command()
@explained
def up(
    foreground: Annotated[bool, typer.Option("--foreground", help="Run until Ctrl-C.")] = False,
    wanted: Annotated[
        list[str] | None,
        typer.Option("--scale", metavar="SERVICE=N", help="Processes of a service, as greeks=2."),
    ] = None,
    code: Code = None,
) -> None:
    """Start the stack and wait until it is ready."""
    directory = StateDirectory.default()
    refuse_misspelt_settings()
    given = Given.of(os.environ)
    directory.create()
    wanted_by_service = save_scale(directory, wanted_scale(wanted or ()))
    if directory.is_claimed():
        console.print("The stack is already running.")
        control.ready_state(directory)
        wait_scaled(directory, wanted_by_service)
    elif foreground:
        raise typer.Exit(supervise(directory))
    else:
        start(directory)
    state = directory.load()
    show_status(state)
    say(announcement(directory, state, given))
    ensure_administrator(state, given, code)


def refuse_misspelt_settings() -> None:
    """Raise `Explained` for a misspelt variable, with which a service would not start."""
    mistakes = spelling_mistakes(os.environ)
    if mistakes:
        raise Explained("; ".join(mistakes))


def start(
    directory: StateDirectory, *, tied: bool = False, settings: Mapping[str, str] | None = None
) -> StackState:
    """Start the supervisor, and show its progress until the stack is ready."""
    started = time.monotonic()
    with console.status("starting") as display:

        def show(state: StackState) -> None:
            ready = sum(program.ready for program in state.programs.values())
            phase = PHASES.get(state.phase, state.phase)
            display.update(f"{phase} ({ready} of {len(WORDS) + len(SERVERS)} programs ready)")

        launched = control.launch(directory, tied=tied, settings=settings)
        state = control.wait_ready(directory, launched, show)
    console.print(f"The stack is ready after {time.monotonic() - started:.1f} s.")
    return state


@app.command()
@explained
def scale(
    wanted: Annotated[list[str], typer.Argument(metavar="SERVICE=N...", help="As greeks=2.")],
) -> None:
    """Run more or fewer processes of a service, now and at later starts."""
    directory = StateDirectory.default()
    directory.create()
    scaled = save_scale(directory, wanted_scale(wanted))
    if not directory.is_claimed():
        console.print("The stack is not running: it starts with these processes.")
        return
    control.ready_state(directory)
    with console.status("scaling"):
        state = wait_scaled(directory, scaled)
    show_status(state)


@app.command()
@explained
def down() -> None:
    """Stop the stack and keep its data."""
    with console.status("stopping"):
        stopped = control.stop_stack(StateDirectory.default())
    console.print("The stack is stopped." if stopped else "The stack was not running.")


@app.command()
@explained
def status(as_text: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show the processes of the stack; exit with 1 unless all are ready."""
    directory = StateDirectory.default()
    running = directory.is_claimed()
    state = directory.load()
    for name, program in state.programs.items():
        program.ready = running and is_ready_now(name, program, state.stack_id)
    if as_text:
        console.print_json(json.dumps(as_json(state) | {"running": running}))
    elif running:
        show_status(state)
    else:
        console.print("The stack is not running: start it with `sigmasight up`.")
    are_ready = all(program.ready for program in state.programs.values())
    if not (running and state.phase == "ready" and are_ready):
        raise typer.Exit(1)


def show_status(state: StackState) -> None:
    """Print the table of processes and the addresses of the API."""
    table = Table(
        "process", "pid", "up for", "restarts", "ready", "address", title=f"stack: {state.phase}"
    )
    for name, program in state.programs.items():
        pid = str(program.identity.pid) if program.identity else "-"
        ready = "[green]yes[/green]" if program.ready else "[red]no[/red]"
        table.add_row(name, pid, uptime(program), str(program.restarts), ready, program.address)
    console.print(table)
    console.print(f"dashboard: {state.gateway_url}/")
    console.print(f"API: {state.gateway_url}/api/v1   documentation: {state.gateway_url}/docs")


def uptime(program: ProgramState) -> str:
    """Days, hours, minutes and seconds since the process started."""
    process = program.identity.process() if program.identity else None
    if process is None:
        return "-"
    return str(timedelta(seconds=int(time.time() - process.create_time())))


@app.command()
@explained
def logs(
    service: Annotated[str | None, typer.Argument(help=f"One of: {', '.join(LOGS)}.")] = None,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Print new lines until Ctrl-C.")
    ] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=1, help="Lines of each log.")] = 40,
) -> None:
    """Print the last lines of one program's log, or of all logs."""
    folder = StateDirectory.default().logs
    replicas = sorted(each.stem for each in folder.glob("*-*.log") if is_replica(each.stem))
    known = (*LOGS, *replicas)
    if service is not None and service not in known:
        raise Explained(f"there is no log of '{service}': choose one of {', '.join(known)}")
    chosen = {name: folder / f"{name}.log" for name in ([service] if service else known)}
    for name, path in chosen.items():
        for line in tail(path, lines).splitlines():
            write_log_line(console, name, line, alone=service is not None)
    if follow:
        follow_logs(console, chosen)


@app.command()
@explained
def doctor() -> None:
    """Check this machine, the settings and the stack, and name the fix of every problem."""
    found = list(findings(StateDirectory.default(), os.environ))
    table = Table("", "subject", "finding", "fix")
    for finding in found:
        mark = (
            "[red]✗[/red]"
            if finding.is_problem
            else ("[yellow]![/yellow]" if finding.fix else "[green]✓[/green]")
        )
        table.add_row(mark, finding.subject, finding.message, finding.fix)
    console.print(table)
    problems = sum(finding.is_problem for finding in found)
    console.print(f"{problems} problem(s)" if problems else "no problems")
    if problems:
        raise typer.Exit(1)


@app.command(name="market-close")
@explained
def market_close(day: Day, code: Code = None) -> None:
    """Calculate one session for every portfolio, and wait until it is done."""
    run_sessions(one_session(day.date()), code)


@app.command(name="replay")
@explained
def replay_sessions(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")],
    code: Code = None,
) -> None:
    """Calculate every session of a period for every portfolio, and wait until all are done."""
    run_sessions(sessions_between(first.date(), last.date()), code)


@app.command(name="backfill")
@explained
def fetch_history(
    day: Annotated[
        datetime | None,
        typer.Option(
            "--session", formats=["%Y-%m-%d"], help="The last session; default: the newest."
        ),
    ] = None,
    code: Code = None,
) -> None:
    """Fetch a year of history, where it is missing, for every symbol held.

    Ctrl-C ends the display only: the stack continues, and the same command shows the rest.
    """
    state = control.ready_state(StateDirectory.default())
    wanted = day.date() if day else None
    with logged_in_administrator(state, code) as admin:
        first = backfill.progress_before(admin, wanted)
        say(f"Providers of closes, in this order: {backfill.providers_of_closes(first)}.")
        if backfill.nothing_to_fetch(first):
            say(f"Nothing to fetch: {backfill.totals_line(first)}.")
            last = first
        else:
            last = follow_backfill(admin, first, wanted)
    if (table := backfill.incomplete_table(last)) is not None:
        console.print(table)
    reasons = backfill.to_act_on(last)
    for reason in reasons:
        errors.print(reason, style="red", markup=False, highlight=False, soft_wrap=True)
    if reasons:
        raise typer.Exit(1)


def follow_backfill(
    admin: SigmaSight, first: backfill.Progress, day: date | None
) -> backfill.Progress:
    """Start the fetch unless it is in progress, and show it until it is done."""
    run_id, in_progress = backfill.start(admin, day)
    if in_progress:
        say("A fetch is in progress already.")
    try:
        with backfill.display(console, first) as show:
            last = backfill.follow(admin, run_id, show)
    except KeyboardInterrupt:
        say("The stack goes on fetching: `sigmasight backfill` shows its progress.")
        raise typer.Exit(130) from None
    say(f"{backfill.totals_line(last)}; the run is {last.run['status']}.")
    return last


def run_sessions(days: Sequence[date], code: str | None) -> None:
    """Run the sessions with a progress bar, and print the seconds per stage.

    Exits with 1 when a run did not complete.
    """
    state = control.ready_state(StateDirectory.default())
    with logged_in_administrator(state, code) as admin, progress_bar() as show:
        done = replay(admin, days, partial(show, "replaying sessions"))
    console.print(timing_table(done))
    print_unfinished(console, done)
    if done.unfinished():
        raise typer.Exit(1)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A function that shows what is being done, how much is done, and of how much."""
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
    once: Annotated[bool, typer.Option("--once", help="Exit after the report.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="The latest session, from Yahoo and the US Treasury.")
    ] = False,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the dashboard, where there is one.")
    ] = True,
    code: Code = None,
) -> None:
    """Start the stack, replay sessions of three portfolios, and print their risk reports."""
    started = time.monotonic()
    refuse_misspelt_settings()
    plan = DemoPlan(StateDirectory.default())
    if live:
        with console.status("looking for the latest session"):
            plan = plan_of_today(plan.directory, datetime.now(UTC))
    for line in plan.sentences:
        say(line)
    with running_stack(plan) as (state, ours):
        with logged_in_administrator(state, code) as admin, progress_bar() as show:
            outcome = run_demo(state, admin, show, plan.demo)
        print_outcome(console, state, outcome, started)
        if not once:
            show_dashboard(console, state, plan.demo, browser=browser)
        if ours and not once:
            wait_for_the_end(plan.directory)
    if outcome.missing():
        raise typer.Exit(1)


@contextmanager
def running_stack(plan: DemoPlan) -> Iterator[tuple[StackState, bool]]:
    """A running stack, and whether this process started it: then it also stops it."""
    directory = plan.directory
    if directory.is_claimed():
        yield control.ready_state(directory), False
        return
    try:
        yield start(directory, tied=True, settings=plan.settings), True
    finally:
        with console.status("stopping"):
            control.stop_stack(directory)


def wait_for_the_end(directory: StateDirectory) -> None:
    """Wait until Ctrl-C, or until `sigmasight down` stops the stack."""
    console.print("The stack runs until Ctrl-C.")
    with suppress(KeyboardInterrupt):
        while directory.is_claimed():
            time.sleep(0.5)

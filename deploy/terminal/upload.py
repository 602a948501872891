"""`sigmasight upload` and `register`: a user, and a portfolio from a file."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from deploy.local.errors import Explained
from deploy.local.report import money
from deploy.terminal.connecting import (
    TOKEN,
    Credentials,
    PortfolioName,
    Url,
    chosen_portfolio,
    connected,
)
from deploy.terminal.outcome import (
    AsJson,
    ExitCode,
    console,
    errors,
    note,
    print_json,
    problem_lines,
    say,
    user_command,
)
from sigmasight_client import SigmaSight
from sigmasight_client.models import UploadReport

COUNTS = ("rows", "new", "updated", "unchanged", "refused", "skipped")
STDIN = "-"
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]
File = Annotated[
    Path, typer.Argument(help="Positions or transactions: CSV, Flex XML or OFX; - reads stdin.")
]
Name = Annotated[
    str | None, typer.Option(help="Of the portfolio it goes into, new or not; default: the file's.")
]
Equity = Annotated[str | None, typer.Option(help="The portfolio's equity on --equity-date, USD.")]
DayOfShares = Annotated[
    str | None, typer.Option(help="The day in whose shares the numbers are, or entry_date.")
]
Use = Annotated[
    Literal["positions", "transactions"] | None,
    typer.Option(help="What to read of a file that lists both; default: positions."),
]
AllOrNothing = Annotated[
    bool, typer.Option("--all-or-nothing", help="Load nothing when one row is wrong.")
]
RefuseDuplicates = Annotated[
    bool, typer.Option("--refuse-duplicates", help="Refuse rows that equal an earlier one.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read the file and store nothing.")]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait until the portfolio is calculated.")
]


@user_command
def register(url: Url = None, as_json: AsJson = False) -> None:
    """Create the user that SIGMASIGHT_EMAIL and SIGMASIGHT_PASSWORD name, and log in once."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith(TOKEN)}
    who = Credentials.of(environ)
    with connected(url, environ) as api:
        api.register({"email": who.email, "password": who.password})
        user = api.me()
    if as_json:
        print_json(user)
    else:
        say(f"{user['email']} can log in.")


@user_command
def upload(
    file: File,
    portfolio: PortfolioName = None,
    name: Name = None,
    equity: Equity = None,
    equity_date: Day = None,
    as_of: Day = None,
    stated_on: DayOfShares = None,
    use: Use = None,
    all_or_nothing: AllOrNothing = False,
    refuse_duplicates: RefuseDuplicates = False,
    dry_run: DryRun = False,
    wait: Wait = True,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Load a file into a portfolio, and print what became of every row.

    Rows that cannot be used are listed by line; the others are loaded.
    """
    data = content_of(file)
    with connected(url) as api:
        form = {
            **target_of(api, file, portfolio, name),
            "equity_balance": equity,
            "equity_date": _text(equity_date),
            "as_of": _text(as_of),
            "stated_on": stated_on,
            "use": use,
            "mode": "all_or_nothing" if all_or_nothing else "partial",
            "duplicates": "refuse" if refuse_duplicates else None,
            "dry_run": dry_run,
        }
        found = api.upload_positions(data, form)
        status = _calculated(api, found) if wait else None
    if as_json:
        print_json({**found, "run_status": status})
    else:
        print_receipt(found, status)
    if found["rejected"] or status not in (None, "completed"):
        raise typer.Exit(ExitCode.IN_PART)


def target_of(
    api: SigmaSight, file: Path, portfolio: str | None, name: str | None
) -> dict[str, str]:
    """The portfolio that the file goes into: one that there is, or one of a name."""
    if portfolio is None:
        stem = "Uploaded" if str(file) == STDIN else file.stem
        return {"portfolio_name": name or stem}
    if name is not None:
        raise typer.BadParameter("give --portfolio, which there is, or --name, not both")
    return {"portfolio_id": chosen_portfolio(api, portfolio).portfolio_id}


def content_of(file: Path) -> bytes:
    """The bytes of a file, of the standard input for `-`; raises `Explained`."""
    try:
        return typer.get_binary_stream("stdin").read() if str(file) == STDIN else file.read_bytes()
    except OSError as error:
        raise Explained(
            f"{file} cannot be read ({error.strerror}): name a file of positions or transactions"
        ) from error


def _text(day: datetime | None) -> str | None:
    return day.date().isoformat() if day else None


def _calculated(api: SigmaSight, found: UploadReport) -> str | None:
    """How the upload's run ended; None where there is none."""
    if found["run_id"] is None:
        return None
    with errors.status("calculating"):
        ended = api.follow(found["run_id"])
    for problem in ended["problems"]:
        note(f"{problem['stage']}: {problem['message']}")
    return ended["status"]


def print_receipt(found: UploadReport, status: str | None) -> None:
    """Print what became of the rows, what is wrong with them, and the totals."""
    source = found["source"]
    would = " (dry run: nothing is stored)" if found["dry_run"] else ""
    into = found["portfolio"]
    named = f"'{into['name']}' ({into['portfolio_id']})" if into else "a new portfolio"
    say(f"{source['format'].replace('_', ' ')} as of {found['as_of']}, into {named}{would}")
    receipt = Table(*COUNTS, box=None, padding=(0, 2, 0, 0))
    receipt.add_row(*(f"{dict(found['receipt'])[name]}" for name in COUNTS))
    console.print(receipt)
    console.print(_totals(found))
    if (sums := found["totals"]["export"]) and sums["total"] is not None:
        parts = ", ".join(f"{name} {money(sums[name] or 0)}" for name in ("positions", "refused"))
        cash = f"cash {money(sums['cash'] or 0)}, left {money(sums['difference'] or 0)}"
        say(f"the export's own total {money(sums['total'])}: {parts}, {cash}")
    if source["ignored"]:
        say(f"ignored columns: {', '.join(source['ignored'])}")
    for line in problem_lines(found["problems"]):
        errors.print(line, style="red", markup=False, highlight=False, soft_wrap=True)
    for line in problem_lines(found["warnings"]):
        errors.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)
    for skipped in source["skipped"]:
        note(f"  line {skipped['line']}, skipped: {skipped['message']}")
    if status is not None:
        say(f"its run is {status}: `sigmasight report` shows the figures")


def _totals(found: UploadReport) -> Table:
    table = Table("open, USD", "lots", "long cost", "short cost", box=None, padding=(0, 2, 0, 0))
    totals = found["totals"]
    for label, each in (("file", totals["file"]), ("portfolio", totals["portfolio"])):
        if each is not None:
            costs = (money(each["long_cost"]), money(each["short_cost"]))
            table.add_row(label, str(each["lots"]), *costs)
    return table

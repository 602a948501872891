"""The demo on any gateway: `python -m deploy.demo`, which docker-compose.yml's profile `demo` runs.

`SIGMASIGHT_URL` is the gateway's address; `SIGMASIGHT_EMAIL`, `SIGMASIGHT_PASSWORD_FILE` and, with
a second factor, `SIGMASIGHT_CODE` are the administrator's. Exits with 1 when something of the demo
is missing afterwards.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from deploy.local.api import PRINTED, admin_connection, sentence
from deploy.local.codes import CODE
from deploy.local.demo import Outcome, run_demo
from deploy.local.replay import Replay
from deploy.local.report import portfolio_panel, print_unfinished, timing_table
from deploy.local.state import ProgramState, StackState

STEP = 10  # sessions from one line of progress to the next


def gateway_of(environ: Mapping[str, str]) -> StackState:
    """The gateway and its administrator, as the local stack would describe them."""
    password = Path(environ["SIGMASIGHT_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    return StackState(
        programs={"gateway": ProgramState(address=environ["SIGMASIGHT_URL"])},
        secrets={"admin_email": environ["SIGMASIGHT_EMAIL"], "admin": password},
    )


def print_demo(console: Console, outcome: Outcome) -> None:
    """Print the reports, the log-ins, and what is missing."""
    for book, report, _ in outcome.reports:
        console.print(portfolio_panel(book.full_name, report))
    if outcome.replay:
        _print_replay(console, outcome.replay)
    for book in outcome.demo.books:
        console.print(f"log in as {book.email} with password {book.password}", highlight=False)
    for line in outcome.missing():
        console.print(f"missing: {line}", markup=False)


def _print_replay(console: Console, replayed: Replay) -> None:
    console.print(timing_table(replayed))
    print_unfinished(console, replayed)


def main() -> int:
    """Show the demo; the process's exit code."""
    console = Console()

    def progress(what: str, done: int, of: int) -> None:
        if done % STEP == 0 or done == of:
            console.print(f"{what}: {done} of {of}", highlight=False)

    try:
        gateway = gateway_of(os.environ)
        with admin_connection(gateway, os.environ.get(CODE)) as admin:
            outcome = run_demo(gateway, admin, progress)
    except PRINTED as error:
        console.print(sentence(error), markup=False, highlight=False)
        return 1
    print_demo(console, outcome)
    return 1 if outcome.missing() else 0


if __name__ == "__main__":
    sys.exit(main())

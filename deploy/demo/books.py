"""The three demo users and their portfolios, from a directory with `books.json`.

The gateway reads the same file to restore them. The passwords are public: the demo listens on
loopback only.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from shared.calendar import last_sessions

BOOKS = Path(__file__).parent / "books"
DATA = Path(__file__).parent / "data"
MANIFEST = "books.json"


@dataclass(frozen=True)
class DemoBook:
    """One user with one portfolio. `equity_balance` is its NAV on the demo's first session, USD."""

    email: str
    password: str
    full_name: str
    portfolio: str
    equity_balance: Decimal
    file: Path


@dataclass(frozen=True)
class Demo:
    """What a demo shows: `sessions` sessions up to `last_session`.

    `opened`: the session from which the portfolios are valued; the first one shown, or earlier.
    `as_traded`: entries are in the shares of their dates; else in those of the last session.
    """

    books: Sequence[DemoBook]
    opened: date
    last_session: date
    sessions: int
    as_traded: bool = False

    def days(self) -> list[date]:
        """The sessions, oldest first."""
        return last_sessions(self.last_session, self.sessions)


def load_demo(directory: Path) -> Demo:
    """The demo of a directory's manifest, up to the last session that it names."""
    manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    last_session = date.fromisoformat(manifest["last_session"])
    return Demo(
        tuple(_book(directory, row) for row in manifest["books"]),
        last_sessions(last_session, manifest["sessions"])[0],
        last_session,
        manifest["sessions"],
    )


def _book(directory: Path, row: Mapping[str, str]) -> DemoBook:
    own = {"equity_balance": Decimal(row["equity_balance"]), "file": directory / row["file"]}
    return DemoBook(**{**row, **own})  # type: ignore[arg-type]


BUNDLED = load_demo(BOOKS)
DEMO_BOOKS = tuple(BUNDLED.books)
LAST_SESSION = BUNDLED.last_session
SESSIONS = BUNDLED.sessions

"""The three demo users and their portfolios, from `books/books.json`.

The gateway reads the same file to restore them. The passwords are public: the demo listens on
loopback only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

BOOKS = Path(__file__).parent / "books"
DATA = Path(__file__).parent / "data"
_MANIFEST = json.loads((BOOKS / "books.json").read_text(encoding="utf-8"))

LAST_SESSION = date.fromisoformat(_MANIFEST["last_session"])
SESSIONS: int = _MANIFEST["sessions"]


@dataclass(frozen=True)
class DemoBook:
    """One user with one portfolio. `equity_balance` is its NAV on the demo's first session, USD."""

    email: str
    password: str
    full_name: str
    portfolio: str
    equity_balance: Decimal
    file: Path


def _book(row: Mapping[str, str]) -> DemoBook:
    own = {"equity_balance": Decimal(row["equity_balance"]), "file": BOOKS / row["file"]}
    return DemoBook(**{**row, **own})  # type: ignore[arg-type]


DEMO_BOOKS = tuple(_book(row) for row in _MANIFEST["books"])

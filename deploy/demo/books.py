"""The three demo users and their portfolios. The passwords are public: the demo listens on loopback only."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

_BOOKS = Path(__file__).parent / "books"
DATA = Path(__file__).parent / "data"

LAST_SESSION = date(2022, 12, 28)
SESSIONS = 90


@dataclass(frozen=True)
class DemoBook:
    """One user with one portfolio. `equity_balance` is the NAV at the first snapshot, USD."""

    email: str
    password: str
    full_name: str
    portfolio: str
    equity_balance: Decimal
    file: Path


DEMO_BOOKS = (
    DemoBook(
        "individual@example.com", "demo-individual-2022", "Ines Individual",
        "Savings", Decimal(190_000), _BOOKS / "individual.csv",
    ),
    DemoBook(
        "wealth@example.com", "demo-wealth-2022", "Walter Wealth",
        "Family wealth", Decimal(5_250_000), _BOOKS / "high_net_worth.csv",
    ),
    DemoBook(
        "longshort@example.com", "demo-longshort-2022", "Lena Longshort",
        "Long/short fund", Decimal(2_500_000), _BOOKS / "long_short.csv",
    ),
)  # fmt: skip

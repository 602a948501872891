"""The result of reading a file of transactions: what goes into the ledger, and what does not."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.gateway.books.files.holdings import Skipped
from services.gateway.books.files.instruments import Instrument
from services.gateway.books.files.problems import Problem
from services.gateway.books.ledger.inputs import Kind


@dataclass  # not frozen: docs/performance.md says why
class Entry:
    """One valid line.

    `quantity`: signed, bought positive; None where only cash moves. `price`: USD per share, also of
    an option, as traded. `amount`: USD, signed as it changes cash, of lines that move only cash.
    `fees`: USD, not below 0. `external_id`: the broker's own. `stated_on`: the day in whose shares
    the line says that it is, None where it says nothing.
    """

    line: int
    kind: Kind
    trade_date: date
    instrument: Instrument | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    amount: Decimal | None = None
    fees: Decimal = Decimal(0)
    external_id: str | None = None
    note: str = ""
    stated_on: date | None = None


@dataclass(frozen=True)
class Entries:
    """The lines that may be entered with their warnings, the problems of others, and the skipped.

    `skipped`: lines that are no transactions, each with the reason.
    """

    accepted: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    skipped: tuple[Skipped, ...]

"""The report on an uploaded file."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.files import Source
from services.gateway.books.files.mapping import Use
from services.gateway.books.schemas.portfolios import (
    PORTFOLIO_EXAMPLE,
    EquityBalance,
    PortfolioName,
    PortfolioOut,
)
from services.gateway.edge.problems import FieldError
from services.gateway.edge.values import SOME_ID, Money, Price, Quantity, example
from shared.contracts.event import Day

SHARES_OF_ENTRY_DATE: Final = "entry_date"  # in the shares of each row's entry date
DayOfShares = Day | Literal["entry_date"]


class Mode(StrEnum):
    """Whether one bad row keeps the good ones out."""

    PARTIAL = "partial"
    ALL_OR_NOTHING = "all_or_nothing"


class Duplicates(StrEnum):
    """What becomes of a row that equals an earlier one in every column."""

    LOAD = "load"
    REFUSE = "refuse"


class TermsOut(BaseModel):
    """What a position is apart from its instrument and entry date."""

    quantity: Quantity
    entry_price: Price
    investment_class: str
    investment_subtype: str | None
    exit_date: date | None
    exit_price: Price | None


class ChangeOut(TermsOut):
    """What a row of the file does: new, updated (and what it replaces) or unchanged."""

    line: int
    symbol: str
    position_type: str = Field(description="LONG, SHORT, LC, SC, LP or SP")
    entry_date: date
    tags: list[str] = Field(description="the row's; those that the position carries already stay")
    kind: str
    was: TermsOut | None


class EntryOut(BaseModel):
    """A line of a file of transactions that is entered into the ledger."""

    line: int
    kind: str
    trade_date: date
    symbol: str | None
    quantity: Quantity | None = Field(description="signed: bought above 0; null where cash moves")
    price: Price | None
    amount: Money | None = Field(description="as it changes cash; null of trades")
    fees: Money
    external_id: str | None = Field(description="the broker's id of the transaction")


class SkippedLine(BaseModel):
    """A line of a file that is not loaded although nothing is wrong with it, and why."""

    line: int
    label: str
    code: str = Field(
        description=(
            "of an export: cash, total, futures or other_section; of transactions: derived, sweep, "
            "not_executed, repeated_id or known_id"
        )
    )
    message: str


class SourceOut(BaseModel):
    """The format of the file, and what a broker's export holds beside its positions."""

    format: Source
    layout: str | None = Field(
        default=None, description="whose layout, or which profile, its columns were read by"
    )
    profile_id: UUID | None = Field(default=None, description="of one that you saved")
    lists: list[Use] = Field(
        default=[], description="what the file lists: of both, `use` says which was read"
    )
    accounts: list[str] = Field(description="as the export calls them")
    exported_on: date | None = Field(description="the day of the export's title line")
    entry_date: date | None = Field(
        description="when positions of an export without entry dates count as entered"
    )
    cash: Money | None = Field(description="the cash of the export; below 0 on margin")
    total: Money | None = Field(
        default=None, description="what the export's own totals say its accounts are worth"
    )
    equity_balance: Money | None = Field(
        description=(
            "cash + market value of the accepted rows, both as exported: the equity balance "
            "of a new portfolio unless you send one"
        )
    )
    skipped: list[SkippedLine]
    ignored: list[str] = Field(description="columns that no rule reads, as the header has them")


class RestatedSessions(BaseModel):
    """Earlier sessions whose snapshots are taken again because of the change."""

    first: date
    last: date
    count: int

    @classmethod
    def of(cls, days: Sequence[date]) -> Self | None:
        """Those of the days, ascending; None without any."""
        return cls(first=days[0], last=days[-1], count=len(days)) if days else None


class Receipt(BaseModel):
    """What became of every line: rows = new + updated + unchanged + refused + skipped."""

    rows: int
    new: int
    updated: int
    unchanged: int
    refused: int
    skipped: int = Field(
        description=(
            "lines of a broker's export that are no position, or whose quantity was added to "
            "another line's; of transactions, those derived from market data or known by their id"
        )
    )


class Totals(BaseModel):
    """What is open: how many lots, and their cost in USD (that of shorts is negative)."""

    lots: int
    long_cost: Money
    short_cost: Money
    cash: Money | None = Field(
        default=None, description="as a broker's export gives it; null elsewhere"
    )


class FileTotalsOut(BaseModel):
    """What an export's own totals say beside what its lines add up to."""

    total: Money | None = Field(description="null where the file has none")
    positions: Money | None = Field(
        description="market value of the lines that were read; null where none says it"
    )
    refused: Money | None = Field(
        description="market value of the lines that were refused; null where none says it"
    )
    cash: Money | None
    difference: Money | None = Field(
        description="the total less positions, refused lines and cash; null without a total"
    )
    reason: str | None = Field(default=None, description="why `total` or `positions` is null")


class TotalsBeside(BaseModel):
    """The file's totals beside those of the portfolio it was loaded into."""

    file: Totals
    portfolio: Totals | None = Field(description="null on a dry run that would create one")
    export: FileTotalsOut | None = Field(
        default=None, description="market values of a broker's export; null elsewhere"
    )


class UploadReport(BaseModel):
    """The result of an upload; what the file does not name stays as it is."""

    model_config = example(
        portfolio={**PORTFOLIO_EXAMPLE, "positions": 1},
        source={
            "format": "five_columns",
            "layout": None,
            "profile_id": None,
            "lists": ["positions"],
            "accounts": [],
            "exported_on": None,
            "entry_date": None,
            "cash": None,
            "total": None,
            "equity_balance": None,
            "skipped": [],
            "ignored": ["Note"],
        },
        dry_run=False,
        mode="partial",
        as_of="2022-12-28",
        stated_on="2022-12-28",
        rows=2,
        new=1,
        updated=0,
        unchanged=0,
        rejected=1,
        receipt={
            "rows": 2,
            "new": 1,
            "updated": 0,
            "unchanged": 0,
            "refused": 1,
            "skipped": 0,
        },
        totals={
            "file": {"lots": 1, "long_cost": 14871.0, "short_cost": 0.0, "cash": None},
            "portfolio": {"lots": 1, "long_cost": 14871.0, "short_cost": 0.0, "cash": None},
            "export": None,
        },
        changes=[
            {
                "line": 2,
                "symbol": "AAPL",
                "position_type": "LONG",
                "entry_date": "2022-06-01",
                "quantity": 100.0,
                "entry_price": 148.71,
                "investment_class": "PUBLIC",
                "investment_subtype": None,
                "exit_date": None,
                "exit_price": None,
                "tags": ["tech"],
                "kind": "new",
                "was": None,
            }
        ],
        transactions=[],
        problems=[
            {
                "line": 3,
                "field": "quantity",
                "code": "zero_quantity",
                "message": "quantity is 0: ...",
            }
        ],
        warnings=[],
        restated=None,
        run_id=SOME_ID,
    )

    portfolio: PortfolioOut | None = Field(description="null on a dry run that would create one")
    source: SourceOut
    dry_run: bool
    mode: Mode
    as_of: date
    stated_on: DayOfShares = Field(
        description="in whose shares the file's numbers, and those they replace, are"
    )
    rows: int = Field(description="rows in the file, good and bad")
    new: int
    updated: int
    unchanged: int
    rejected: int
    receipt: Receipt
    totals: TotalsBeside
    changes: list[ChangeOut]
    transactions: list[EntryOut] = Field(description="of a file of transactions: what is entered")
    problems: list[FieldError]
    warnings: list[FieldError]
    restated: RestatedSessions | None = Field(
        description="null on a dry run, and when there are none"
    )
    run_id: UUID | None = Field(
        description="the run that values the change; null when no number changes"
    )


class UploadOptions(BaseModel):
    """What to do with the file; each may be sent as a form field or in the query."""

    portfolio_id: UUID | None = Field(default=None, description="load into this portfolio")
    profile_id: UUID | None = Field(
        default=None,
        description=(
            "read the file by this saved mapping; default: the one saved for its header, else a "
            "layout that is known"
        ),
    )
    use: Use | None = Field(
        default=None,
        description=(
            "what to read of a file that lists both what is held and what was done; default: "
            "positions"
        ),
    )
    portfolio_name: PortfolioName | None = Field(
        default=None,
        description="or into the portfolio of this name, new or not; default: the file's name",
    )
    name: PortfolioName | None = Field(default=None, description="the same as `portfolio_name`")
    equity_balance: EquityBalance | None = Field(
        default=None,
        description=(
            "its equity on `equity_date`, USD; default for a new portfolio: that of a "
            "broker's export on its own day"
        ),
    )
    equity_date: Day | None = Field(
        default=None,
        description=(
            "the day of `equity_balance`, or the session before it; default: the session that the "
            "upload is valued on"
        ),
    )
    duplicates: Duplicates | None = Field(
        default=None,
        description=(
            "whether a row that equals an earlier one in every column is loaded with a warning "
            "(default) or refused"
        ),
    )
    mode: Mode | None = Field(default=None, description="default: partial")
    dry_run: bool | None = Field(
        default=None, description="validate only, write nothing; default: false"
    )
    as_of: Day | None = Field(
        default=None, description="the day the file is read for; default: the last session"
    )
    stated_on: DayOfShares | None = Field(
        default=None,
        description=(
            "the day in whose shares the file's quantities, prices and strikes are: splits since "
            "then are applied; `entry_date`: each row is in the shares of its entry date; "
            "default: the day of a broker's export, else as_of, else today"
        ),
    )
    entry_date: Day | None = Field(
        default=None,
        description=(
            "for a broker's export without entry dates: when its positions count as entered; "
            "default: the day of the export"
        ),
    )

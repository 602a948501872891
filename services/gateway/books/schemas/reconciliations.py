"""Models of a broker's file beside a portfolio."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.files import Source
from services.gateway.books.ledger import Kind
from services.gateway.books.reconciling.comparing import Aspect, Entry
from services.gateway.books.schemas.ledger import TRANSACTION_EXAMPLE, TransactionsSaved
from services.gateway.books.schemas.uploads import DayOfShares, FileTotalsOut, SkippedLine
from services.gateway.edge.problems import FieldError
from services.gateway.edge.values import SOME_ID, Money, Price, Quantity, example
from shared.contracts.event import Day

MOST_DIFFERENCES = 1_000  # they are in the address, which servers bound to 64 kB
_SIDE = {"quantity": 120.0, "cost": 17840.0, "price": 126.04}
SOME_DIFFERENCE: dict[str, Any] = {
    "id": "quantity:AAPL",
    "kind": "quantity",
    "symbol": "AAPL",
    "file": _SIDE,
    "portfolio": {"quantity": 100.0, "cost": 14871.0, "price": 126.04},
    "quantity": 20.0,
    "cost": 2969.0,
    "transactions": [
        {
            "kind": "buy",
            "symbol": "AAPL",
            "quantity": 20.0,
            "price": 148.45,
            "amount": None,
            "cash": -2969.0,
            "reverses": None,
        }
    ],
    "reason": None,
}


class ReconcileOptions(BaseModel):
    """What is compared, and how differences are to be entered."""

    portfolio_id: UUID
    profile_id: UUID | None = Field(
        default=None, description="read the file by this saved mapping; default: as an upload does"
    )
    as_of: Day | None = Field(
        default=None,
        description="the last day to compare; default: the file's own, else the last session",
    )
    stated_on: DayOfShares | None = Field(
        default=None, description="the day in whose shares the file is; default: as an upload does"
    )
    lines: Entry = Field(
        default=Entry.TRADES,
        description=(
            "as what differences are entered: trades move cash, transfers do not and count as flows"
        ),
    )


class ApplyOptions(ReconcileOptions):
    """Which of the differences that were shown are entered."""

    comparison: str = Field(
        default="", max_length=64, description="`hash` of the comparison that was shown; required"
    )
    difference: Annotated[list[str], Field(max_length=MOST_DIFFERENCES)] = Field(
        default=[],
        description="the ids of those to be entered: at least one; more in another request",
    )


class SideOut(BaseModel):
    """What the file, or the portfolio, has of an instrument."""

    quantity: Quantity
    cost: Money | None = Field(description="signed as the quantity; null where it is not known")
    price: Price | None = Field(description="the market's: the file's, or of the last valuation")


class ProposedLine(BaseModel):
    """A transaction that removes a difference, or a part of it."""

    kind: Kind
    symbol: str | None
    quantity: Quantity | None
    price: Price | None
    amount: Money | None
    cash: Money = Field(description="what it moves")
    reverses: UUID | None = Field(description="the line that it corrects, which is reversed")


class DifferenceOut(BaseModel):
    """What differs of one instrument, or of cash: of the file less the portfolio."""

    model_config = example(**SOME_DIFFERENCE)

    id: str
    kind: Aspect = Field(
        description="missing or extra in the portfolio; another quantity, cost or cash"
    )
    symbol: str | None = Field(description="null for cash")
    file: SideOut | None
    portfolio: SideOut | None
    quantity: Quantity | None
    cost: Money | None
    transactions: list[ProposedLine] = Field(description="what would be entered")
    reason: str | None = Field(description="why nothing can be entered")


class CashOut(BaseModel):
    """Cash as the file has it beside the portfolio's."""

    file: Money | None
    portfolio: Money | None
    portfolio_as_of: date | None = Field(description="of the portfolio's last snapshot by the day")
    difference: Money | None
    reason: str | None = Field(description="why they cannot be compared")


class ReconciliationOut(BaseModel):
    """A file beside a portfolio: nothing is written."""

    model_config = example(
        portfolio_id=SOME_ID,
        day="2022-12-28",
        stated_on="2022-12-28",
        format="schwab_positions",
        layout="Charles Schwab positions",
        lines="trades",
        hash="9f0e",
        agreeing=11,
        differences=[SOME_DIFFERENCE],
        cash={
            "file": 3096.9,
            "portfolio": 3096.9,
            "portfolio_as_of": "2022-12-28",
            "difference": 0.0,
            "reason": None,
        },
        totals={
            "total": 17871.9,
            "positions": 14775.0,
            "refused": 0.0,
            "cash": 3096.9,
            "difference": 0.0,
        },
        rows=12,
        refused=0,
        problems=[],
        warnings=[],
        skipped=[],
    )

    portfolio_id: UUID
    day: date = Field(description="the day that is compared, at its close")
    stated_on: date = Field(description="in whose shares quantities and prices are")
    format: Source
    layout: str | None
    lines: Entry
    hash: str = Field(description="of what is shown: `reconcile/apply` takes it")
    agreeing: int = Field(description="how many instruments do not differ")
    differences: list[DifferenceOut]
    cash: CashOut
    totals: FileTotalsOut
    rows: int
    refused: int = Field(description="lines with problems: they are in no comparison")
    problems: list[FieldError]
    warnings: list[FieldError]
    skipped: list[SkippedLine]


class ReconciledOut(TransactionsSaved):
    """What was entered of the differences, and the run that measures the portfolio again."""

    model_config = example(
        hash="9f0e",
        repeated=False,
        transactions=[TRANSACTION_EXAMPLE],
        skipped=[],
        run_id=SOME_ID,
        restated=None,
        warnings=[],
    )

    hash: str
    repeated: bool = Field(
        description="whether lines were entered by this hash before: they are shown, none is new"
    )

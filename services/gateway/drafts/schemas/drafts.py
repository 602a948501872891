"""Models of modelling sessions: drafts and what they are branches of."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.ledger import Kind
from services.gateway.drafts.shapes import State
from services.gateway.edge.values import (
    PRINTABLE,
    SOME_ID,
    Money,
    Name,
    Price,
    Quantity,
    RequestBody,
    body_example,
    example,
)
from shared.contracts.event import Day

Note = Annotated[str, Field(max_length=1000), PRINTABLE]
CHANGE_EXAMPLE: dict[str, Any] = {
    "transaction_id": SOME_ID,
    "kind": "buy",
    "trade_date": "2022-12-28",
    "symbol": "AAPL",
    "quantity": 10.0,
    "price": 126.04,
    "amount": None,
    "reverses": None,
}
DRAFT_EXAMPLE: dict[str, Any] = {
    "draft_id": SOME_ID,
    "name": "Less technology",
    "note": "",
    "state": "stale",
    "version": 4,
    "base": {
        "portfolio_id": "5d0c8a51-5a0b-4d6c-8a5f-0a1b2c3d4e5f",
        "name": "Long/short",
        "session_date": "2022-12-28",
        "moved": True,
        "changes": [CHANGE_EXAMPLE],
    },
    "trades_entered": 1,
    "run": {"run_id": SOME_ID, "status": "completed"},
    "saved_at": None,
    "booked_at": None,
    "created_at": "2022-12-28T21:05:00Z",
}


class NewDraft(RequestBody):
    """A branch of a portfolio at a session, without trades yet."""

    model_config = body_example(portfolio_id=SOME_ID, name="Less technology")

    portfolio_id: UUID = Field(description="the base")
    as_of: Day | None = Field(
        default=None, description="the session, or the last one valued before it; default: the last"
    )
    name: Name | None = Field(default=None, description="default: that of the base, as a draft")
    note: Note = ""


class DraftTerms(RequestBody):
    """What may be changed; what is left out stays."""

    model_config = body_example(name="Less technology, hedged")

    name: Name | None = None
    note: Note | None = None


class BaseChange(BaseModel):
    """A line entered into the base since it was branched."""

    model_config = example(**CHANGE_EXAMPLE)

    transaction_id: UUID
    kind: Kind
    trade_date: date
    symbol: str | None
    quantity: Quantity | None
    price: Price | None
    amount: Money | None
    reverses: UUID | None


class BaseOut(BaseModel):
    """What a draft is a branch of."""

    model_config = example(**DRAFT_EXAMPLE["base"])

    portfolio_id: UUID
    name: str
    session_date: date
    moved: bool = Field(description="whether it was edited since: `rebase` takes that over")
    changes: list[BaseChange] = Field(
        description="lines entered since then up to the session, at most 20; none of them where "
        "it was edited otherwise (its terms, or settled by market data), and in lists"
    )


class DraftRun(BaseModel):
    """The run that calculates a draft."""

    model_config = example(**DRAFT_EXAMPLE["run"])

    run_id: UUID
    status: str | None = Field(description="running, completed, partial or failed")


class DraftOut(BaseModel):
    """A modelling session. Its figures are those of the portfolio of the same id."""

    model_config = example(**DRAFT_EXAMPLE)

    draft_id: UUID = Field(
        description="routes that take a portfolio_id answer about the draft by it, once calculated"
    )
    name: str
    note: str
    state: State = Field(
        description="draft: no figures of it yet, or its run goes on; calculated: its figures are "
        "of it as it is; stale: its trades or its base changed since; saved: kept, never changed"
    )
    version: int = Field(description="raised by every change: send it, or the ETag, as If-Match")
    base: BaseOut
    trades_entered: int
    run: DraftRun | None = Field(description="null before it is calculated")
    saved_at: datetime | None
    booked_at: datetime | None = Field(description="when its trades were entered into the base")
    created_at: datetime

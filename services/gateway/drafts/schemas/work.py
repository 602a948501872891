"""Models of what is done with a draft: calculated, rebased, saved, booked."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.schemas.uploads import RestatedSessions
from services.gateway.drafts.schemas.trades import LegOut
from services.gateway.edge.values import SOME_ID, Name, RequestBody, body_example, example
from shared.contracts.event import Day


class Rebase(RequestBody):
    """Where a draft branches from its base now."""

    model_config = body_example(as_of="2022-12-28")

    as_of: Day | None = Field(
        default=None,
        description="the session, or the last one valued before it; default: that of the draft",
    )


class Save(RequestBody):
    """Under which name a draft is kept."""

    model_config = body_example(name="Hedged, end of 2022")

    name: Name | None = Field(default=None, description="default: as it is called")


class Booking(RequestBody):
    """Enter a draft's trades into its base: first as a dry run, then with that one's hash."""

    model_config = body_example(dry_run=True)

    dry_run: bool = Field(default=True, description="true: say what would be entered, and its hash")
    hash: str | None = Field(
        default=None, max_length=64, description="of the dry run: exactly that is entered"
    )


class BookingOut(BaseModel):
    """The lines that are entered into the base's ledger, or would be."""

    model_config = example(
        draft_id=SOME_ID,
        portfolio_id=SOME_ID,
        trade_date="2022-12-28",
        dry_run=True,
        hash="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        transactions=[],
        run_id=None,
        restated=None,
    )

    draft_id: UUID
    portfolio_id: UUID = Field(description="the base")
    trade_date: date
    dry_run: bool
    hash: str
    transactions: list[LegOut]
    run_id: UUID | None = Field(description="measures the base again; null for a dry run")
    restated: RestatedSessions | None = Field(
        description="the earlier sessions that are measured again; null when there are none"
    )

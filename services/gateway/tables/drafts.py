"""Drafts: branches of portfolios that users model, and their trades."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Date, DateTime, Integer, String, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.gateway.tables.base import Table, owned_by, stamped, while_shared
from shared.database import key, optional, required


class Draft(Table, table=True):
    """A modelling session: a draft's base and what became of it. Its figures are of the portfolio
    with the same id, which every calculation writes again.

    `version`: raised by every change of it. `base_edits`, `base_sequence`: the edits of the base,
    and its last line, when it was branched. `calculated_version`: the version that the run
    `run_id` calculates. `saved_at`: since when it cannot change, and `kept` the impacts then.
    `booked_at`: when its trades were entered into the base. `shared_with`: the user, where the base
    is another's: the draft ends with the share. `shared_ids`: portfolios of others that its trades
    add or subtract, or did: it ends with each of their shares, too, by a trigger of these.
    """

    __tablename__: ClassVar[str] = "drafts"
    __table_args__: ClassVar[Any] = (while_shared("drafts"),)

    draft_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid, owned_by("users.user_id"), index=True)
    base_id: UUID = required(Uuid, owned_by("portfolios.portfolio_id"), index=True)
    base_session: date = required(Date)
    shared_with: UUID | None = optional(Uuid)
    shared_ids: list[UUID] = required(ARRAY(Uuid), server_default=text("'{}'"))
    name: str = required(String(100))
    note: str = required(String(1000), server_default="")
    version: int = required(BigInteger, server_default="1")
    base_edits: int = required(BigInteger)
    base_sequence: int = required(BigInteger)
    calculated_version: int | None = optional(BigInteger)
    run_id: UUID | None = optional(Uuid)
    saved_at: datetime | None = optional(DateTime(timezone=True))
    booked_at: datetime | None = optional(DateTime(timezone=True))
    kept: dict[str, Any] | None = optional(JSONB)
    created_at: datetime = stamped()


class DraftTrade(Table, table=True):
    """A trade of a draft, in the order of `place`.

    `terms`: as the user gave it; `legs`: the lines of the ledger that it is, with the prices of the
    session where none was given.
    """

    __tablename__: ClassVar[str] = "draft_trades"

    trade_id: UUID = key(Uuid)
    draft_id: UUID = required(Uuid, owned_by("drafts.draft_id"), index=True)
    place: int = required(Integer)
    terms: dict[str, Any] = required(JSONB)
    legs: list[dict[str, Any]] = required(JSONB)

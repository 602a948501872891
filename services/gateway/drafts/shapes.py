"""What a draft is, and what is said of it: its state, its tag, what its base has become."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

FIGURES = ("completed", "partial")  # how a run ends that stored some


class State(StrEnum):
    """What a draft's figures are.

    `draft`: there are none of it yet, or its run has not ended; `calculated`: they are of it as it
    is; `stale`: its trades or its base have changed since; `saved`: kept as they are.
    """

    DRAFT = "draft"
    CALCULATED = "calculated"
    STALE = "stale"
    SAVED = "saved"


@dataclass(frozen=True)
class Draft:
    """A draft as it is stored, with its base's edits by now and the status of its run.

    `base_owner_id`: whose its base is, which may be shared with the draft's user; `shared_ids`:
    portfolios of others that its trades add or subtract, or did.
    """

    draft_id: UUID
    user_id: UUID
    base_id: UUID
    base_session: date
    name: str
    note: str
    version: int
    base_edits: int
    base_sequence: int
    calculated_version: int | None
    run_id: UUID | None
    saved_at: datetime | None
    booked_at: datetime | None
    created_at: datetime
    base_name: str
    base_owner_id: UUID
    edits_now: int
    run_status: str | None
    trades_entered: int
    shared_ids: Sequence[UUID] = ()

    @property
    def shown_while_shared(self) -> list[UUID]:
        """The portfolios of others whose holdings it shows: it is there while they are shared."""
        of_base = [] if self.base_owner_id == self.user_id else [self.base_id]
        return [*of_base, *(each for each in self.shared_ids if each not in of_base)]

    @property
    def has_moved(self) -> bool:
        """Whether the base was edited since it was branched."""
        return self.edits_now != self.base_edits

    @property
    def state(self) -> State:
        """What its figures are."""
        if self.saved_at is not None:
            return State.SAVED
        if self.run_status not in FIGURES:
            return State.DRAFT
        as_it_is = self.calculated_version == self.version and not self.has_moved
        return State.CALCULATED if as_it_is else State.STALE

    @property
    def etag(self) -> str:
        """Its tag: the version, and what else an answer about it shows."""
        run = "" if self.run_id is None else f"{self.run_id.hex[:12]}.{self.run_status}"
        kept = "booked" if self.booked_at else "saved" if self.saved_at else ""
        return f'"{self.version}-{self.edits_now}-{run}-{kept}"'


@dataclass(frozen=True)
class BaseLine:
    """A line entered into a draft's base since it was branched."""

    transaction_id: UUID
    kind: str
    trade_date: date
    symbol: str | None
    quantity: Decimal | None
    price: Decimal | None
    amount: Decimal | None
    reverses: UUID | None


def shown(draft: Draft, changes: Sequence[BaseLine] = ()) -> dict[str, object]:
    """A draft as answers show it."""
    base = {
        "portfolio_id": draft.base_id,
        "name": draft.base_name,
        "session_date": draft.base_session,
        "moved": draft.has_moved,
        "changes": [vars(line) for line in changes],
    }
    run = {"run_id": draft.run_id, "status": draft.run_status} if draft.run_id else None
    return {**vars(draft), "state": draft.state, "base": base, "run": run}

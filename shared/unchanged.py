"""Work on a shard that would find what it found last time is recognised, and not done again.

In the transaction that writes a shard's rows, a stage stores what they were calculated from, as a
hash, and what its event says. The next time it is given the same it returns that event, and touches
no row.

    what ingest's event is based on    the market data and the portfolios with their edits
    what a stage's is based on         the event it handles, its code, its settings, and what else
                                       it reads (`also`)

So a stage whose inputs have changed is calculated, and so are all stages after it. An event without
a basis (a draft, a restatement, work on request) is always calculated.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import (
    ARRAY,
    Date,
    Select,
    String,
    Uuid,
    any_,
    bindparam,
    delete,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from shared.contracts.event import Notice, ShardEvent
from shared.database import Session, among, key, merge, optional, required, sql_table, tuples
from shared.settings import ServiceSettings

ROOT = Path(__file__).parents[1]
_notices = TypeAdapter(tuple[Notice, ...])
Result = TypeVar("Result", bound=ShardEvent)


class CalculationColumns(SQLModel):
    """What the rows of a portfolio and session were calculated from, by stage.

    `outcome`: what the event of its shard said, with the first portfolio of the shard.
    """

    __tablename__: ClassVar[str] = "calculations"

    portfolio_id: UUID = key(Uuid)
    as_of: date = key(Date)
    stage: str = key(String(40))
    basis: str = required(String(64))
    outcome: dict[str, Any] | None = optional(JSONB)


async def _nothing_else(session: Session, event: ShardEvent) -> str:
    return ""


@dataclass(frozen=True)
class Calculations:
    """Where a stage stores what it calculated from.

    `model`: the table of the service, with `CalculationColumns`. `also`: a text of what the stage
    reads that neither the market data nor the portfolios' edits count.
    """

    model: type[SQLModel]
    also: Callable[[Session, ShardEvent], Awaitable[str]] = _nothing_else


@dataclass(frozen=True)
class Stage:
    """One stage of a service: what its event is, and what it depends on besides its inputs."""

    word: str
    result: type[ShardEvent]
    calculations: Calculations
    settings: Callable[[], ServiceSettings]

    async def basis(self, session: Session, event: ShardEvent) -> str | None:
        """What the event's shard would be calculated from now; None where that is not known."""
        if event.basis is None or not event.portfolio_ids:
            return None
        facts = (
            self.result.subject,
            edition(self.word),
            self.settings().model_dump_json(),
            event.basis,
            event.as_of.isoformat(),
            *(str(portfolio_id) for portfolio_id in event.portfolio_ids),
            await self.calculations.also(session, event),
        )
        return hashed(facts)

    async def known_result(
        self, session: Session, event: ShardEvent, basis: str | None
    ) -> ShardEvent | None:
        """The event of the shard, when all of its portfolios were calculated from this."""
        if basis is None:
            return None
        of_shard = {"as_of": event.as_of, "portfolio_ids": event.portfolio_ids}
        values = {"stage": self.result.subject, **of_shard}
        found = await tuples(session, _known(self.calculations.model), values)
        outcome = next((outcome for _, outcome in found if outcome is not None), None)
        bases = {known for known, _ in found}
        same = len(found) == len(event.portfolio_ids) and bases == {basis}
        if not same or outcome is None:
            return None
        warnings = _notices.validate_python(outcome["warnings"])
        result = self.result.about(event, warnings=warnings, **outcome["counts"])
        return result.model_copy(update={"basis": basis})

    async def save(self, session: Session, event: ShardEvent, result: Result) -> None:
        """Store what the shard was calculated from, or that this is not known."""
        if result.basis is None:
            row = sql_table(self.calculations.model).c
            of_stage = (row.stage == self.result.subject, row.as_of == event.as_of)
            mine = among(row.portfolio_id, event.portfolio_ids)
            await session.execute(delete(row.basis.table).where(*of_stage, mine))
            return
        outcome = {
            "warnings": [notice.model_dump(mode="json") for notice in result.warnings],
            "counts": result.counts,
        }
        rows = [
            {
                "portfolio_id": portfolio_id,
                "as_of": event.as_of,
                "stage": self.result.subject,
                "basis": result.basis,
                "outcome": json.dumps(outcome) if place == 0 else None,
            }
            for place, portfolio_id in enumerate(event.portfolio_ids)
        ]
        await merge(session, self.calculations.model, rows)


@cache
def _known(model: type[SQLModel]) -> "Select[str, dict[str, Any] | None]":
    """The basis and the outcome of each portfolio of a shard, by stage."""
    row = sql_table(model).c
    mine = row.portfolio_id == any_(bindparam("portfolio_ids", type_=ARRAY(Uuid)))
    of_stage = (row.stage == bindparam("stage"), row.as_of == bindparam("as_of"))
    return select(row.basis, row.outcome).where(mine, *of_stage)


def hashed(facts: Sequence[str]) -> str:
    """One hash of all the texts."""
    return sha256("\n".join(facts).encode()).hexdigest()


@cache
def edition(word: str) -> str:
    """A hash of the source of a service and of what all services share."""
    files = [*(ROOT / "services" / word).rglob("*.py"), *(ROOT / "shared").rglob("*.py")]
    digest = sha256()
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()

"""Claims: which replica fetches a symbol's prices."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ARRAY, String, Uuid, cast, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.ingest.tables import PriceClaim
from shared.database import Session, sql_table

_claims = sql_table(PriceClaim)


async def claim_symbols(
    session: Session, symbols: Collection[str], claimant: UUID, seconds: float
) -> set[str]:
    """Claim the symbols that no other replica fetches, or no longer; returns those now claimed."""
    until = func.clock_timestamp() + timedelta(seconds=seconds)
    each = func.unnest(cast(sorted(symbols), ARRAY(String)))
    wanted = insert(_claims).from_select(
        _claims.c.keys(), select(each, literal(claimant, Uuid), until)
    )
    free = or_(_claims.c.claimed_until < func.clock_timestamp(), _claims.c.claimant == claimant)
    taken = wanted.on_conflict_do_update(
        index_elements=[_claims.c.symbol],
        set_={"claimant": claimant, "claimed_until": wanted.excluded.claimed_until},
        where=free,
    )
    return set(await session.scalars(taken.returning(_claims.c.symbol)))


async def renew_claims(session: Session, claimant: UUID, seconds: float) -> None:
    """Hold the claimant's symbols for as long again."""
    until = func.clock_timestamp() + timedelta(seconds=seconds)
    renewed = update(_claims).where(_claims.c.claimant == claimant).values(claimed_until=until)
    await session.execute(renewed)


async def delete_claims(session: Session, claimant: UUID) -> None:
    """Release the claimant's symbols."""
    await session.execute(delete(_claims).where(_claims.c.claimant == claimant))

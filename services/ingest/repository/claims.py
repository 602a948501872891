"""Claims: which replica fetches a symbol's prices."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Double, Executable, String, Uuid, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.ingest.tables import PriceClaim
from shared.database import SECOND, Session, changed, fetched, prepared, sql_table

_claims = sql_table(PriceClaim)
_RENEW = """
    update ingest.price_claims
    set claimed_until = clock_timestamp() + make_interval(secs => :seconds)
    where claimant = :claimant
"""


async def claim_symbols(
    session: Session, symbols: Collection[str], claimant: UUID, seconds: float
) -> set[str]:
    """Claim the symbols that no other replica fetches, or no longer; returns those now claimed."""
    found = await fetched(session, *_claimed(sorted(symbols), claimant, seconds))
    return {row["symbol"] for row in found}


@prepared(symbols=ARRAY(String), claimant=Uuid(), seconds=Double())
def _claimed(symbols: Sequence[str], claimant: UUID, seconds: float) -> Executable:
    until = func.clock_timestamp() + seconds * SECOND
    wanted = insert(_claims).from_select(
        _claims.c.keys(), select(func.unnest(symbols), cast(claimant, Uuid), until)
    )
    free = or_(_claims.c.claimed_until < func.clock_timestamp(), _claims.c.claimant == claimant)
    taken = wanted.on_conflict_do_update(
        index_elements=[_claims.c.symbol],
        set_={"claimant": claimant, "claimed_until": wanted.excluded.claimed_until},
        where=free,
    )
    return taken.returning(_claims.c.symbol)


async def renew_claims(session: Session, claimant: UUID, seconds: float) -> None:
    """Hold the claimant's symbols for as long again."""
    await changed(session, _RENEW, {"claimant": claimant, "seconds": seconds})


async def delete_claims(session: Session, claimant: UUID) -> None:
    """Release the claimant's symbols."""
    released = "delete from ingest.price_claims where claimant = :claimant"
    await changed(session, released, {"claimant": claimant})

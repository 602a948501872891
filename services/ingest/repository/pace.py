"""Slots of the providers' rate limits, reserved in the database for all replicas."""

from sqlalchemy import text

from shared.database import Session, lock

_RESERVATION = """
    with moment as (select clock_timestamp() as now),
    spent as (
        delete from ingest.provider_requests using moment
        where provider = :provider and slot <= now - make_interval(secs => :apart)
    ),
    nth as (
        select slot from ingest.provider_requests where provider = :provider
        order by slot desc limit 1 offset cast(:limit as integer) - 1
    ),
    chosen as (
        select now,
            greatest(now, (select slot from nth) + make_interval(secs => :apart)) as slot
        from moment
    ),
    reserved as (
        insert into ingest.provider_requests (provider, slot) select :provider, slot from chosen
    )
    select extract(epoch from slot - now) from chosen
"""


async def reserve_slot(
    session: Session, provider: str, limit: int, window_seconds: float, margin_seconds: float
) -> float:
    """Reserve the earliest free slot from now on; returns the seconds until it.

    A free slot lies the window and the margin after the `limit`-th newest one, by the database's
    clock. So at most `limit` slots lie within a window and a margin of each other. Replicas take
    turns until the transaction ends, so end it before waiting for the slot.
    """
    await lock(session, "ingest", "pace", provider)
    terms = {"provider": provider, "limit": limit, "apart": window_seconds + margin_seconds}
    return float(await session.scalar(text(_RESERVATION), terms) or 0.0)

"""A market closes or portfolios change: fetch what is missing, then publish the work in shards."""

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID, uuid5

from services.ingest import history, repository
from services.ingest.handlers.cut_shards import shards_of
from services.ingest.history.coverage import require_covered
from shared import calendar
from shared.contracts.event import EVENT_NAMESPACE
from shared.contracts.gateway import DRAFT_CALCULATED, PortfoliosChanged
from shared.contracts.ingest import MarketClosed, PricesUpdated
from shared.database import Database, Session
from shared.messaging import ServiceRouter
from shared.published.gateway import DRAFT

router = ServiceRouter("ingest")


@router.emits(PricesUpdated)
@router.on(MarketClosed)
async def deliver_prices(event: MarketClosed, database: Database) -> list[PricesUpdated]:
    """Bring every portfolio's symbols up to the session and publish their work in shards."""
    calendar.require_session(event.as_of)
    async with database.transaction() as session:
        edits = await repository.load_books(session)
    return await _delivered(database, event.run_id, edits, event.as_of)


@router.emits(PricesUpdated)
@router.on(PortfoliosChanged)
async def deliver_prices_of_changed(
    event: PortfoliosChanged, database: Database
) -> list[PricesUpdated]:
    """Bring the changed portfolios' symbols up to the session and publish these portfolios only.

    A draft is published with the market data that is stored: it restates no other portfolio.
    """
    as_of = calendar.session_on_or_before(event.as_of)
    async with database.transaction() as session:
        await require_covered(session, as_of)
        edits = await repository.load_edits(session, event.portfolio_ids)
        if event.reason == DRAFT_CALCULATED:
            return await shards_of(session, event.run_id, as_of, edits, (), DRAFT)
    return await _delivered(database, event.run_id, edits, as_of)


async def _delivered(
    database: Database, run_id: UUID, edits: Mapping[UUID, int], as_of: date
) -> list[PricesUpdated]:
    """The shards of the run, after those of earlier sessions that it restates.

    `edits`: by portfolio, how many it had had before anything of it was read.
    """
    caveats = await history.fetch_missing(history.feed_into(database), edits, as_of)
    async with database.transaction() as session:
        restated = await restated_shards(session, run_id, as_of)
        delivered = await shards_of(session, run_id, as_of, edits, caveats)
        return [*restated, *delivered]


async def restated_shards(session: Session, run_id: UUID, as_of: date) -> list[PricesUpdated]:
    """Work on the snapshots of other sessions that a split, dividend or close learnt late changes.

    A session without a snapshot of a portfolio stays without one. The run that claims the changes
    publishes the same work when it is repeated. Each session is restated in a separate run.
    """
    first_changed = await repository.claim_changes(session, run_id, as_of)
    published = []
    for day, holders in (await repository.load_dependent(session, first_changed)).items():
        if day != as_of:
            symbols = [symbol for symbol, first in first_changed.items() if first <= day]
            restatement = _restatement(day, as_of, symbols)
            edits = await repository.load_edits(session, holders)
            published += await shards_of(session, restatement, day, edits, (), "restatement")
    return published


def _restatement(day: date, as_of: date, symbols: Collection[str]) -> UUID:
    """The run that restates `day`, the same whenever the run of `as_of` is repeated."""
    about = f"restatement/{day.isoformat()}/{as_of.isoformat()}/{sorted(symbols)}"
    return uuid5(EVENT_NAMESPACE, about)

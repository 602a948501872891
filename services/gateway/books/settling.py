"""Settling ledgers when market data arrive: options that expired, splits, corrected closes."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from uuid import UUID

import structlog

from services.gateway.books.keeping import KeptLedger, keep_ledgers, last_session_with_data
from services.gateway.books.queries import ledger
from services.gateway.books.queries import settling as queries
from services.gateway.runs.queries import items, revisions, runs
from services.gateway.runs.shapes import Trouble
from services.gateway.runs.starting import start_run_of
from services.gateway.tables.runs import BACKFILL, INTERACTIVE
from shared.contracts.ingest import PricesUpdated
from shared.database import Session, is_outage
from shared.topology import stage_of

log = structlog.get_logger("sigmasight.gateway")
LONGEST_DETAIL = 500
UNSETTLED = "expiries and splits could not be settled: what the portfolio holds is as it was before"
SETTLED = "settled"  # the reason that `portfolios.changed` gives


async def lock_dependent(session: Session, event: PricesUpdated) -> list[UUID]:
    """Those of the event's portfolios whose lots depend on the market, held against edits."""
    day = await last_session_with_data(session)
    found = await queries.market_dependent(session, event.portfolio_ids, day)
    if found:
        await ledger.lock_portfolios(session, found)
    return found


async def settle(session: Session, portfolio_ids: list[UUID], event: PricesUpdated) -> None:
    """Derive the portfolios again; where lots changed, run every session that this concerns again.

    Those are the session whose prices arrived, those with snapshots, and those being run:
    their calculators may have read the lots as they were. Where nothing changed, nothing is run.
    """
    if not portfolio_ids:
        return
    kept = await _kept(session, portfolio_ids, event)
    changed = {
        portfolio_id: ledger.since
        for portfolio_id, ledger in kept.items()
        if ledger.since is not None
    }
    await revisions.raise_edits(session, changed)
    for day, concerned in (await _sessions_to_run(session, changed, event.as_of)).items():
        work_class = INTERACTIVE if day == event.as_of else BACKFILL
        await start_run_of(session, None, concerned, day, SETTLED, work_class)


async def _kept(
    session: Session, portfolio_ids: list[UUID], event: PricesUpdated
) -> dict[UUID, KeptLedger]:
    """The ledgers that could be derived and stored.

    One that fails stays as it was, and is a problem of its portfolio's run alone.
    """
    try:
        async with session.begin_nested():
            return await keep_ledgers(session, portfolio_ids)
    except Exception as error:
        if is_outage(error):
            raise
        if len(portfolio_ids) == 1:
            await _save_unsettled(session, portfolio_ids[0], event, error)
            return {}
    middle = len(portfolio_ids) // 2
    first = await _kept(session, portfolio_ids[:middle], event)
    return first | await _kept(session, portfolio_ids[middle:], event)


async def _save_unsettled(
    session: Session, portfolio_id: UUID, event: PricesUpdated, error: Exception
) -> None:
    log.error("ledger not settled", portfolio_id=str(portfolio_id), exc_info=error)
    stage = stage_of(type(event))
    detail = f"{type(error).__name__}: {error}"
    trouble = Trouble(
        *(stage, event.shard, "not_settled", UNSETTLED),
        portfolio_ids=(portfolio_id,),
        fatal=False,
        detail=detail[:LONGEST_DETAIL],
    )
    await items.add_problem(session, event.run_id, trouble)


async def _sessions_to_run(
    session: Session, changed: Mapping[UUID, date], as_of: date
) -> dict[date, list[UUID]]:
    """The portfolios to run again by session, the last one first."""
    found: dict[date, list[UUID]] = defaultdict(list)
    for portfolio_id, since in changed.items():
        stored = await runs.sessions_valued(session, portfolio_id, since)
        running = await runs.sessions_running(session, portfolio_id, since)
        arrived = [as_of] if as_of >= since else []
        for day in {*stored, *running, *arrived}:
            found[day].append(portfolio_id)
    return dict(sorted(found.items(), reverse=True))

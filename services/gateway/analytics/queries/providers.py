"""The providers of market data, and what they returned."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Executable,
    Uuid,
    case,
    func,
    literal,
    select,
    true,
)

from services.gateway.edge.queries import Row, all_rows
from services.gateway.tables import BatchItem, BatchRun
from shared.database import Session, among, fetched, prepared, sql_table
from shared.published import ingest, snapshots

prices = ingest.daily_prices
quotes = ingest.option_quotes
items = sql_table(BatchItem)
runs = sql_table(BatchRun)


async def load_providers(session: Session) -> list[Row]:
    """The providers of each kind of data, in order; with the sessions that files of prices have."""
    return await fetched(session, *every_provider())


@prepared()
def every_provider() -> Executable:
    """What `load_providers` returns."""
    asked = ingest.data_providers.c
    columns = (asked.kind, asked.name, asked.live, asked.first_session, asked.last_session)
    return select(*columns).order_by(asked.kind, asked.rank)


async def load_claimed(session: Session, symbols: Collection[str]) -> set[str]:
    """Those of the symbols whose closes are being fetched."""
    claimed = ingest.price_claims.c.symbol
    return set(await session.scalars(select(claimed).where(among(claimed, symbols))))


async def load_answered(
    session: Session, symbols: Collection[str], since: date, as_of: date
) -> list[Row]:
    """The last range queried of each provider for the closes of symbols.

    `asked_from` and `asked_until` are the part of the range that lies in a window; `stored` is how
    many of its closes are stored, null for a whole window: those are counted already.
    """
    log = ingest.fetch_log.c
    first = func.greatest(log.first_session, since)
    last = func.least(log.last_session, as_of)
    within = select(func.count()).where(
        prices.c.symbol == log.symbol, prices.c.session_date.between(first, last)
    )
    asked = select(
        log.symbol,
        log.provider,
        log.known,
        log.asked_at,
        first.label("asked_from"),
        last.label("asked_until"),
        case(((first > since) | (last < as_of), within.scalar_subquery())).label("stored"),
    ).where(log.kind == "prices", among(log.symbol, symbols))
    return await all_rows(session, asked.order_by(log.symbol, log.provider))


async def files_were_read(
    session: Session, day: date, portfolio_id: UUID | None, other_triggers: Collection[str]
) -> bool:
    """Whether prices arrived for a session or a later one, and no run is about to bring any.

    For one portfolio, or (None) for any. `other_triggers`: of runs that bring no prices.
    """
    brought = (items.c.stage == "prices") & (items.c.status == "ok")
    theirs = [items.c.portfolio_ids.contains([portfolio_id])] if portfolio_id else []
    of_session = items.join(runs, runs.c.run_id == items.c.run_id)
    done = (
        select(items.c.run_id).select_from(of_session).where(brought, runs.c.as_of >= day, *theirs)
    )
    in_run = select(items.c.run_id).where(items.c.run_id == runs.c.run_id, brought)
    waiting = select(runs.c.run_id).where(
        runs.c.status == "running", runs.c.trigger.not_in(other_triggers), ~in_run.exists()
    )
    return bool(await session.scalar(select(done.exists() & ~waiting.exists())))


MOST_REJECTED = 5  # closes of a symbol, in one answer


@dataclass(frozen=True)
class RejectedClose:
    """A close that was rejected as implausible, as it was sent, and why."""

    session_date: date
    close: str
    source: str
    reason: str


async def load_rejected(
    session: Session, symbols: Collection[str], since: date, as_of: date
) -> dict[str, list[RejectedClose]]:
    """The last closes of each symbol that were rejected in a window, newest first."""
    row = ingest.quarantined_prices.c
    columns = (row.symbol, row.session_date, row.close, row.source, row.reason)
    within = (among(row.symbol, symbols), row.session_date.between(since, as_of))
    newest = select(*columns).where(*within).order_by(row.session_date.desc(), row.source)
    found: dict[str, list[RejectedClose]] = {}
    for symbol, *terms in await session.execute(newest):
        kept = found.setdefault(symbol, [])
        if len(kept) < MOST_REJECTED:
            kept.append(RejectedClose(*terms))
    return found


# --- where closes and quotes are from ---

QUOTED = "quote_mid"  # the source of a price that is a quote of the option itself


@prepared(portfolio_id=Uuid(), as_of=Date())
def price_sources(portfolio_id: UUID, as_of: date) -> Executable:
    """How many of the closes that a portfolio is valued with on a session each source has.

    Source, basis and how many prices, the most first.
    """
    row = snapshots.position_valuations.c
    closed = select(row.underlying.label("symbol")).where(
        *_valued(portfolio_id, as_of), row.price_source != QUOTED
    )
    asked = closed.distinct().subquery("asked")
    known = select(prices.c.source, prices.c.close_basis).where(
        prices.c.symbol == asked.c.symbol, prices.c.session_date <= as_of
    )
    last = known.order_by(prices.c.session_date.desc()).limit(1).lateral("last")
    count = func.count().label("prices")
    counted = select(last.c.source, last.c.close_basis.label("basis"), count).join_from(
        asked, last, true()
    )
    grouped = counted.group_by(last.c.source, last.c.close_basis)
    return grouped.order_by(count.desc(), last.c.source)


@prepared(portfolio_id=Uuid(), as_of=Date())
def quote_sources(portfolio_id: UUID, as_of: date) -> Executable:
    """How many of the quotes that it is valued with each source has, the most first."""
    row = snapshots.position_valuations.c
    quoted = select(row.symbol).where(*_valued(portfolio_id, as_of), row.price_source == QUOTED)
    count = func.count().label("prices")
    counted = select(quotes.c.source, literal("quote").label("basis"), count).where(
        quotes.c.contract.in_(quoted), quotes.c.session_date == as_of
    )
    return counted.group_by(quotes.c.source).order_by(count.desc(), quotes.c.source)


def _valued(portfolio_id: UUID, as_of: date) -> tuple[ColumnElement[bool], ...]:
    row = snapshots.position_valuations.c
    return row.portfolio_id == portfolio_id, row.as_of == as_of

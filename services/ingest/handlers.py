"""What ingest does when it hears something."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from faststream.nats import NatsBroker

from services.ingest import calculations, repository
from services.ingest.providers import Bar, MarketDataProvider, YieldObservation
from services.ingest.providers.bundled import BundledProvider
from services.ingest.settings import ingest_settings
from shared import calendar
from shared.contracts.event import Event, Notice
from shared.contracts.gateway import MarketCloseRequested, PortfoliosChanged
from shared.contracts.ingest import (
    MarketClosed,
    OptionQuoteRow,
    PricesUpdated,
    RowsStored,
    StoreOptionQuotes,
    StorePrices,
    StoreYields,
)
from shared.database import Database, Session
from shared.errors import DateOutsideData, InvalidRows, NotASession
from shared.instruments import InvalidSymbol, parse_occ, parse_ticker
from shared.messaging import ServiceRouter, publish
from shared.service import Runtime

router = ServiceRouter("ingest")
provider: MarketDataProvider = BundledProvider(ingest_settings().data_directory)


@router.emits(MarketClosed)
@router.on(MarketCloseRequested)
async def announce_close(event: MarketCloseRequested, session: Session) -> MarketClosed:
    """Announce a session's close because an operator asked, in the operator's run."""
    await check_session(event.as_of)
    await repository.save_announced(session, event.as_of)
    return MarketClosed.new(event.run_id, event.as_of, trigger="operator")


@router.emits(PricesUpdated)
@router.on(MarketClosed)
async def deliver_prices(event: MarketClosed, session: Session) -> list[PricesUpdated]:
    """Bring every portfolio's symbols up to the session and hand the portfolios out in shards."""
    portfolio_ids = await repository.load_portfolio_ids(session)
    warnings = await complete_history(session, portfolio_ids, event.as_of)
    return await handed_out(session, event, event.as_of, portfolio_ids, warnings)


@router.emits(PricesUpdated)
@router.on(PortfoliosChanged)
async def deliver_prices_of_changed(event: PortfoliosChanged, session: Session) -> list[PricesUpdated]:
    """Bring the changed portfolios' symbols up to the session and hand just them out."""
    as_of = calendar.session_on_or_before(event.as_of)
    await check_session(as_of)
    warnings = await complete_history(session, event.portfolio_ids, as_of)
    return await handed_out(session, event, as_of, event.portfolio_ids, warnings)


@router.answers(StorePrices)
async def store_prices(request: StorePrices, session: Session) -> RowsStored:
    """Upsert an administrator's closes: all of them, or none and every problem named."""
    check_rows([_price_problem(row.symbol, row.session_date) for row in request.rows])
    bars = [
        Bar(
            parse_ticker(row.symbol),
            row.session_date,
            row.close,
            float(row.adjusted_close or row.close),
            "raw",
            request.source,
        )
        for row in request.rows
    ]
    changed = await repository.save_prices(session, [vars(bar) for bar in bars])
    await repository.save_unlisted_securities(session, {bar.symbol for bar in bars}, request.source)
    return stored(len(bars), changed, [bar.session_date for bar in bars])


@router.answers(StoreYields)
async def store_yields(request: StoreYields, session: Session) -> RowsStored:
    """Upsert an administrator's Treasury yields."""
    observations = [
        YieldObservation(row.maturity, row.observation_date, float(row.yield_percent), request.source)
        for row in request.rows
    ]
    changed = await repository.save_yields(session, *_dated(observations))
    return stored(len(observations), changed, [observation.observation_date for observation in observations])


@router.answers(StoreOptionQuotes)
async def store_option_quotes(request: StoreOptionQuotes, session: Session) -> RowsStored:
    """Upsert option quotes: all of them, or none and every problem named."""
    check_rows([_quote_problem(row) for row in request.rows])
    quotes = [
        row.model_dump() | {"contract": parse_occ(row.contract).symbol, "source": request.source}
        for row in request.rows
    ]
    changed = await repository.save_option_quotes(session, quotes)
    return stored(len(quotes), changed, [row.session_date for row in request.rows])


async def list_what_is_covered(session: Session) -> None:
    """At start-up: record the symbols and the range of sessions that can be had, so that requests can be checked."""
    coverage = await provider.coverage()
    await repository.save_securities(session, [vars(fact) for fact in await provider.securities()])
    await repository.save_known_sessions(session, [coverage.first, coverage.last])


async def watch_market(runtime: Runtime) -> None:
    """The market clock: announce each session's close, once, whatever the number of replicas."""
    while True:
        await announce_due(runtime.database, runtime.broker)
        await asyncio.sleep(ingest_settings().clock_seconds)


async def announce_due(database: Database, broker: NatsBroker) -> None:
    """Announce every session that closed since the last announcement; on a first start, the latest one."""
    coverage = await provider.coverage()
    async with database.transaction() as session:
        last = await repository.latest_announced(session)
        due = calculations.due_sessions(calendar.sessions(last or coverage.first, coverage.last), last)
        await repository.save_known_sessions(session, due)
    for session_date in due:
        await _announce_once(database, broker, session_date)


async def _announce_once(database: Database, broker: NatsBroker, session_date: date) -> None:
    """Publish, then remember: a crash in between publishes the same event id again, which changes nothing."""
    async with database.transaction() as session:
        for waiting in await repository.load_unannounced(session, [session_date]):
            await publish(broker, MarketClosed.new(MarketClosed.clock_run(waiting), waiting, trigger="clock"))
            await repository.save_announced(session, waiting)


async def check_session(as_of: date) -> None:
    """Raise `NotASession` on a closed exchange, `DateOutsideData` beyond what the provider has."""
    if not calendar.is_session(as_of):
        raise NotASession(as_of, calendar.previous_session(as_of))
    coverage = await provider.coverage()
    if not coverage.includes(as_of):
        raise DateOutsideData(as_of, coverage.first, coverage.last)


async def complete_history(session: Session, portfolio_ids: Collection[UUID], as_of: date) -> list[Notice]:
    """Fetch exactly the prices and yields that are missing up to `as_of`; returns what stays missing."""
    symbols = await repository.load_symbols(session, portfolio_ids, as_of)
    await _complete_prices(session, symbols, as_of)
    await _complete_yields(session, as_of)
    return await _still_missing(session, symbols, as_of)


async def _complete_prices(session: Session, symbols: set[str], as_of: date) -> None:
    coverage = await provider.coverage()
    expected = calendar.sessions(calculations.window_start(as_of, ingest_settings().history_sessions), as_of)
    expected = [day for day in expected if coverage.includes(day)]
    held = await repository.load_held_sessions(session, symbols, expected[0], as_of, len(expected))
    for gap in calculations.missing_prices(expected, held, held):
        bars = await provider.prices(gap.symbols, gap.first, gap.last)
        await repository.save_prices(session, [vars(bar) for bar in bars])


async def _complete_yields(session: Session, as_of: date) -> None:
    first = calculations.window_start(as_of, ingest_settings().history_sessions)
    earliest, latest = await repository.load_yield_range(session, as_of)
    if latest is not None and earliest is not None and earliest <= first + timedelta(days=7):
        first = latest + timedelta(days=1)
    observations = await provider.yields(first, as_of) if first <= as_of else []
    await repository.save_yields(session, *_dated(observations))


async def _still_missing(session: Session, symbols: set[str], as_of: date) -> list[Notice]:
    unknown = symbols - await repository.load_known_symbols(session, symbols)
    unpriced = await repository.load_unpriced(session, symbols - unknown, as_of)
    notices = []
    if unknown:
        notices.append(
            Notice.naming(
                "unknown_symbol", "no provider knows these symbols: they have no price", sorted(unknown)
            )
        )
    if unpriced:
        message = f"no price on {as_of.isoformat()}: the last one is carried forward"
        notices.append(Notice.naming("price_missing", message, sorted(unpriced)))
    return notices


async def handed_out(
    session: Session, cause: Event, as_of: date, portfolio_ids: Collection[UUID], warnings: Sequence[Notice]
) -> list[PricesUpdated]:
    """One event per shard of the portfolios."""
    price_run = calculations.price_run(as_of, await repository.latest_revision(session, as_of))
    return [
        PricesUpdated.new(
            cause.run_id,
            as_of,
            part=shard.number,
            price_run=price_run,
            shard=shard.number,
            shards=shard.count,
            portfolio_ids=shard.portfolio_ids,
            warnings=tuple(warnings),
            counts={"portfolios": len(shard.portfolio_ids)},
        )
        for shard in calculations.shards(portfolio_ids, ingest_settings().shard_size)
    ]


def check_rows(problems: Sequence[str | None]) -> None:
    """Raise `InvalidRows` naming every row that has a problem."""
    found = {number: problem for number, problem in enumerate(problems) if problem}
    if found:
        raise InvalidRows(found)


def _price_problem(symbol: str, session_date: date) -> str | None:
    try:
        parse_ticker(symbol)
    except InvalidSymbol as error:
        return str(error)
    return _session_problem(session_date)


def _quote_problem(row: OptionQuoteRow) -> str | None:
    try:
        parse_occ(row.contract)
    except InvalidSymbol as error:
        return str(error)
    if row.ask < row.bid:
        return f"{row.contract}: ask {row.ask} is below bid {row.bid}"
    return _session_problem(row.session_date)


def _session_problem(session_date: date) -> str | None:
    if calendar.is_session(session_date):
        return None
    return str(NotASession(session_date, calendar.previous_session(session_date)))


def _dated(observations: Sequence[YieldObservation]) -> tuple[list[dict[str, Any]], dict[date, date]]:
    """Rows of yields, and the session from which each date counts: its own, or the next one after a holiday."""
    years = calculations.MATURITY_YEARS
    rows = [
        vars(observation) | {"maturity_years": years[observation.maturity]} for observation in observations
    ]
    days = {observation.observation_date for observation in observations}
    return rows, {day: day if calendar.is_session(day) else calendar.next_session(day) for day in days}


def stored(received: int, changed: int, dates: Sequence[date]) -> RowsStored:
    """The answer to an upsert."""
    return RowsStored(
        received=received,
        changed=changed,
        first_session=min(dates, default=None),
        last_session=max(dates, default=None),
    )

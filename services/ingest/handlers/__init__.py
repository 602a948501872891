"""What ingest does when it hears something."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import date
from functools import lru_cache
from uuid import UUID, uuid5

from services.ingest import calculations, repository
from services.ingest.handlers.clock import announce_due, coverage_now
from services.ingest.history import (
    Completion,
    Feed,
    complete_history,
    complete_option_quotes,
    dated,
)
from services.ingest.providers import Bar, YieldObservation
from services.ingest.providers.pace import Reserve
from services.ingest.providers.sources import Sources, configured_sources
from services.ingest.settings import ingest_settings
from shared import calendar
from shared.contracts.event import EVENT_NAMESPACE, Notice
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
from shared.database import Database, Session, create_engine
from shared.errors import DateOutsideData, InvalidRows, NotASession
from shared.instruments import InvalidSymbol, parse_occ, parse_ticker
from shared.messaging import ServiceRouter
from shared.service import Runtime
from shared.settings import shared_settings

router = ServiceRouter("ingest")


@lru_cache
def sources() -> Sources:
    """The process's providers."""
    return configured_sources(ingest_settings(), _slots_of)


def _slots_of(provider: str) -> Reserve:
    """Slots of a provider's rate limit, handed out by the database to all replicas."""

    async def reserve(limit: int, window_seconds: float, margin_seconds: float) -> float:
        async with _slots_database().transaction() as session:
            return await repository.reserve_slot(
                session, provider, limit, window_seconds, margin_seconds
            )

    return reserve


@lru_cache
def _slots_database() -> Database:
    return Database(create_engine(shared_settings(), "ingest"))


@router.emits(MarketClosed)
@router.on(MarketCloseRequested)
async def announce_close(event: MarketCloseRequested, session: Session) -> MarketClosed:
    """Announce a session's close because an operator asked, in the operator's run."""
    await check_session(event.as_of)
    await repository.save_announced(session, event.as_of)
    return MarketClosed.new(event.run_id, event.as_of, trigger="operator")


@router.emits(PricesUpdated)
@router.on(MarketClosed)
async def deliver_prices(event: MarketClosed, database: Database) -> list[PricesUpdated]:
    """Bring every portfolio's symbols up to the session and hand the portfolios out in shards."""
    async with database.transaction() as session:
        portfolio_ids = await repository.load_portfolio_ids(session)
    completion = await completed(database, portfolio_ids, event.as_of)
    async with database.transaction() as session:
        restated = await restated_work(session, event.run_id, event.as_of)
        today = await handed_out(
            session, event.run_id, event.as_of, portfolio_ids, completion.notices
        )
        return [*restated, *today]


@router.emits(PricesUpdated)
@router.on(PortfoliosChanged)
async def deliver_prices_of_changed(
    event: PortfoliosChanged, database: Database
) -> list[PricesUpdated]:
    """Bring the changed portfolios' symbols up to the session and hand just them out."""
    as_of = calendar.session_on_or_before(event.as_of)
    await check_session(as_of)
    completion = await completed(database, event.portfolio_ids, as_of)
    async with database.transaction() as session:
        restated = await restated_work(session, event.run_id, as_of)
        theirs = await handed_out(
            session, event.run_id, as_of, event.portfolio_ids, completion.notices
        )
        return [*restated, *theirs]


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
        YieldObservation(
            row.maturity, row.observation_date, float(row.yield_percent), request.source
        )
        for row in request.rows
    ]
    changed = await repository.save_yields(session, *dated(observations))
    return stored(
        len(observations), changed, [observation.observation_date for observation in observations]
    )


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
    """At start-up: record the symbols and the range of sessions that can be had, so that requests
    can be checked.
    """
    coverage = await coverage_now(sources(), ingest_settings())
    await repository.save_providers(session, sources().by_kind())
    for provider in sources().listed:
        await repository.save_securities(
            session, [vars(fact) for fact in await provider.securities()]
        )
    covered = calendar.sessions(coverage.first, coverage.last)
    await repository.save_known_sessions(session, [covered[0], covered[-1]])


async def watch_market(runtime: Runtime) -> None:
    """The market clock, for as long as the process lives."""
    while True:
        coverage = await coverage_now(sources(), ingest_settings())
        await announce_due(runtime.database, runtime.broker, coverage)
        await asyncio.sleep(ingest_settings().clock_seconds)


async def check_session(as_of: date) -> None:
    """Raise `NotASession` on a closed exchange, `DateOutsideData` beyond what the provider has."""
    if not calendar.is_session(as_of):
        raise NotASession(as_of, calendar.previous_session(as_of))
    coverage = await coverage_now(sources(), ingest_settings())
    if not coverage.includes(as_of):
        raise DateOutsideData(as_of, coverage.first, coverage.last)


async def completed(database: Database, portfolio_ids: Collection[UUID], as_of: date) -> Completion:
    """Fetch exactly what the portfolios' symbols and options miss up to `as_of`."""
    async with database.transaction() as session:
        symbols = await repository.load_symbols(session, portfolio_ids, as_of)
    feed = Feed(database, sources(), ingest_settings())
    completion = await complete_history(feed, symbols, as_of)
    # by now every split is known, and with it what the contracts are called
    async with database.transaction() as session:
        contracts = await repository.load_contracts(session, portfolio_ids, as_of)
    await complete_option_quotes(feed, contracts, as_of, completion)
    return completion


async def restated_work(session: Session, run_id: UUID, as_of: date) -> list[PricesUpdated]:
    """Work anew on the sessions that a split or dividend learnt late changes, for its holders only.

    The run of `as_of` tells of it, again when it is run again. A restatement is a run of its own
    per session.
    """
    restated = await repository.save_told(session, run_id, as_of)
    days = (
        await repository.load_announced(session, min(restated.values()), date.max)
        if restated
        else []
    )
    told = []
    for day in (day for day in days if day != as_of):
        symbols = [symbol for symbol, first in restated.items() if first <= day]
        holders = await repository.load_holders(session, symbols, day)
        run_id = uuid5(
            EVENT_NAMESPACE, f"restatement/{day.isoformat()}/{as_of.isoformat()}/{sorted(symbols)}"
        )
        told += (
            await handed_out(session, run_id, day, holders, (), "restatement") if holders else []
        )
    return told


async def handed_out(
    session: Session,
    run_id: UUID,
    as_of: date,
    portfolio_ids: Collection[UUID],
    warnings: Sequence[Notice],
    trigger: str | None = None,
) -> list[PricesUpdated]:
    """One event per shard of the portfolios."""
    price_run = calculations.price_run(as_of, await repository.latest_revision(session, as_of))
    return [
        PricesUpdated.new(
            run_id,
            as_of,
            part=shard.number,
            price_run=price_run,
            shard=shard.number,
            shards=shard.count,
            portfolio_ids=shard.portfolio_ids,
            trigger=trigger,
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


def stored(received: int, changed: int, dates: Sequence[date]) -> RowsStored:
    """The answer to an upsert."""
    return RowsStored(
        received=received,
        changed=changed,
        first_session=min(dates, default=None),
        last_session=max(dates, default=None),
    )

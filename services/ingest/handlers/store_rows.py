"""An administrator stores prices, Treasury yields or option quotes: all rows or none."""

from collections.abc import Sequence
from datetime import date

from services.ingest import calculations, repository
from services.ingest.history.jumps import administrators_jumps
from services.ingest.inputs import Bar, OptionQuote, YieldObservation
from shared import calendar
from shared.caveats import Caveat
from shared.contracts.event import Notice
from shared.contracts.ingest import (
    OptionQuoteRow,
    PriceRow,
    RowsStored,
    StoreOptionQuotes,
    StorePrices,
    StoreYields,
)
from shared.database import Session
from shared.errors import InvalidRows, NotASession
from shared.instruments import InvalidSymbol, parse_occ, parse_ticker
from shared.messaging import ServiceRouter

router = ServiceRouter("ingest")


@router.answers(StorePrices)
async def store_prices(request: StorePrices, session: Session) -> RowsStored:
    """Upsert closes; raises `InvalidRows`, which names every problem."""
    _check([_price_problem(row) for row in request.rows])
    bars = [_bar(row, request.source) for row in request.rows]
    actions = await repository.load_actions(session, {bar.symbol for bar in bars})
    stored = await repository.load_stored_closes(session, bars, actions, request.source)
    jumps = await administrators_jumps(bars, stored)
    changed = await repository.save_prices(session, bars)
    await repository.save_unlisted_securities(session, {bar.symbol for bar in bars}, request.source)
    return _stored(changed, [bar.session_date for bar in bars], jumps)


@router.answers(StoreYields)
async def store_yields(request: StoreYields, session: Session) -> RowsStored:
    """Upsert Treasury yields."""
    observations = [
        YieldObservation(
            row.maturity, row.observation_date, float(row.yield_percent), request.source
        )
        for row in request.rows
    ]
    days = [observation.observation_date for observation in observations]
    effective = calculations.effective_sessions(days, calendar.is_session, calendar.next_session)
    changed = await repository.save_yields(session, observations, effective)
    return _stored(changed, days)


@router.answers(StoreOptionQuotes)
async def store_option_quotes(request: StoreOptionQuotes, session: Session) -> RowsStored:
    """Upsert option quotes; raises `InvalidRows`, which names every problem."""
    _check([_quote_problem(row) for row in request.rows])
    quotes = [_quote(row, request.source) for row in request.rows]
    changed = await repository.save_option_quotes(session, quotes)
    return _stored(changed, [quote.session_date for quote in quotes])


def _check(problems: Sequence[str | None]) -> None:
    found = {number: problem for number, problem in enumerate(problems) if problem}
    if found:
        raise InvalidRows(found)


def _price_problem(row: PriceRow) -> str | None:
    try:
        parse_ticker(row.symbol)
    except InvalidSymbol as error:
        return str(error)
    return _session_problem(row.session_date)


def _quote_problem(row: OptionQuoteRow) -> str | None:
    try:
        parse_occ(row.contract)
    except InvalidSymbol as error:
        return str(error)
    if row.ask < row.bid:
        return f"{row.contract}: ask {row.ask} is below bid {row.bid}"
    return _session_problem(row.session_date)


def _session_problem(session_date: date) -> str | None:
    try:
        calendar.require_session(session_date)
    except NotASession as error:
        return str(error)
    return None


def _bar(row: PriceRow, source: str) -> Bar:
    symbol = parse_ticker(row.symbol)
    adjusted = float(row.adjusted_close or row.close)
    return Bar(symbol, row.session_date, row.close, adjusted, "raw", source)


def _quote(row: OptionQuoteRow, source: str) -> OptionQuote:
    given = row.model_dump() | {"contract": parse_occ(row.contract).symbol}
    return OptionQuote(**given, source=source)


def _stored(changed: int, days: Sequence[date], caveats: Sequence[Caveat] = ()) -> RowsStored:
    return RowsStored(
        received=len(days),
        changed=changed,
        first_session=min(days, default=None),
        last_session=max(days, default=None),
        warnings=tuple(Notice.of(caveat) for caveat in caveats),
    )

"""An administrator stores prices, Treasury yields or option quotes: all rows or none."""

from collections.abc import Collection, Mapping, Sequence
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
from shared.errors import InvalidRows
from shared.instruments import normalise, parse_occ
from shared.market_rows import price_problems, priced_symbol, quote_problems, yield_problems
from shared.messaging import ServiceRouter

router = ServiceRouter("ingest")


@router.answers(StorePrices)
async def store_prices(request: StorePrices, session: Session) -> RowsStored:
    """Upsert closes; raises `InvalidRows`, which names every problem."""
    names = {normalise(row.symbol) for row in request.rows}
    private = await repository.load_private_names(session, names)
    _check(price_problems(request.rows, private))
    bars = [_bar(row, request.source, private) for row in request.rows]
    actions = await repository.load_actions(session, {bar.symbol for bar in bars})
    stored = await repository.load_stored_closes(session, bars, actions, request.source)
    jumps = await administrators_jumps(bars, stored)
    changed = await repository.save_prices(session, bars)
    unlisted = {bar.symbol for bar in bars} - private
    await repository.save_unlisted_securities(session, unlisted, request.source)
    return _stored(changed, [bar.session_date for bar in bars], jumps)


@router.answers(StoreYields)
async def store_yields(request: StoreYields, session: Session) -> RowsStored:
    """Upsert Treasury yields; raises `InvalidRows`, which names every problem."""
    _check(yield_problems(request.rows))
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
    _check(quote_problems(request.rows))
    quotes = [_quote(row, request.source) for row in request.rows]
    changed = await repository.save_option_quotes(session, quotes)
    return _stored(changed, [quote.session_date for quote in quotes])


def _check(problems: Mapping[int, str]) -> None:
    if problems:
        raise InvalidRows(problems)


def _bar(row: PriceRow, source: str, private_names: Collection[str]) -> Bar:
    symbol = priced_symbol(row.symbol, private_names)
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

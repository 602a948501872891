"""Option chains of a `Market` on its last session: monthly expiries and one that is weekly."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from deploy.demo.live_books import monthly_expiry
from shared.calendar import session_on_or_before
from shared.instruments import occ_symbol
from shared.quant.black_scholes import OptionColumns, option_prices
from tests.wire.market import Market
from tests.wire.yahoo import Quoted

VOLATILITY = 0.35
HALF_SPREAD = 0.01
STEPS = range(-60, 61, 5)  # strikes in per cent away from the close


def chains(market: Market, underlyings: Iterable[str]) -> dict[str, list[Quoted]]:
    """Calls and puts of each underlying, quoted by Black-Scholes at one volatility."""
    return {underlying: _chain(market, underlying) for underlying in underlyings}


def expiries(day: date) -> list[date]:
    """A week out, and every Friday (or the session before) of the next half year."""
    fridays = (day + timedelta(days=4 - day.weekday() + 7 * week) for week in range(1, 27))
    return [session_on_or_before(friday) for friday in fridays]


def _chain(market: Market, underlying: str) -> list[Quoted]:
    day, close = list(market.closes[underlying].items())[-1]
    monthly = monthly_expiry(expiries(day), day)
    assert monthly is not None
    strikes = sorted({round(close * (1 + step / 100)) for step in STEPS} - {0})
    return [
        quoted
        for expiry in (expiries(day)[0], monthly)
        for kind in "CP"
        for quoted in _quoted(underlying, expiry, kind, strikes, close, (expiry - day).days)
    ]


def _quoted(
    underlying: str, expiry: date, kind: str, strikes: list[int], close: float, days: int
) -> Iterable[Quoted]:
    columns = OptionColumns.of(
        call=np.full(len(strikes), kind == "C"),
        underlying_price=close,
        strike=np.array(strikes, float),
        years_to_expiry=days / 365,
        volatility=VOLATILITY,
        rate=0.04,
        dividend_yield=0.0,
    )
    for strike, value in zip(strikes, option_prices(columns), strict=True):
        mid = max(round(float(value), 2), 0.02)
        symbol = occ_symbol(underlying, expiry, kind, Decimal(strike))
        yield Quoted(symbol, round(mid - HALF_SPREAD, 2), round(mid + HALF_SPREAD, 2), mid)

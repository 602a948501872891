"""How far a day goes, beside a curve: of the same positions, and of what moves along its axis."""

from collections.abc import Sequence
from datetime import date

from services.gateway.analytics.queries import factors as factors_queries
from services.gateway.analytics.queries import history as queries
from services.gateway.analytics.reading.history import vector_of
from services.gateway.analytics.schemas.grids import DayBands
from services.gateway.analytics.shapes.bands import bands, returns_of
from services.gateway.analytics.shapes.history import total_of
from shared.calendar import previous_session
from shared.contracts.stress import CurveEvaluated
from shared.conventions import MARKET
from shared.database import Session
from shared.instruments import looks_like_option, parse_occ

SEVERAL_MOVE = "all names move alike: no single return is on the axis"


async def day_bands(session: Session, curve: CurveEvaluated) -> DayBands:
    """The bands of the curve's positions, from the vectors of its session that VaR is of."""
    underlying = curve.underlying
    weighted = curve.spot_mode == "beta_weighted"
    mover = await _market(session) if weighted else underlying
    stored = await queries.load_vectors(session, curve.portfolio_id, curve.as_of)
    dates = await queries.load_vector_dates(session, curve.as_of)
    chosen = [row for row in stored if underlying in (None, _underlying(row.symbol))]
    vectors = [vector_of(row) for row in chosen]
    pnl = [amount for amount in total_of(vectors, len(dates)) if amount is not None]
    moves = await _moves(session, mover, dates)
    return DayBands.model_validate(
        {
            "mover": mover,
            "first_day": dates[0] if dates else None,
            "last_day": dates[-1] if dates else None,
            "observations": len(pnl),
            "bands": [vars(each) for each in bands(pnl, moves)],
            "left_out": sorted({each.symbol for each in vectors if not each.counted}),
            "reason": None if mover else SEVERAL_MOVE,
        }
    )


def _underlying(symbol: str) -> str:
    return parse_occ(symbol).underlying if looks_like_option(symbol) else symbol


async def _market(session: Session) -> str | None:
    """What beta-weighted names move with."""
    _, proxy = (await factors_queries.load_proxies(session)).get(MARKET, ("", None))
    return proxy


async def _moves(session: Session, symbol: str | None, dates: Sequence[date]) -> list[float]:
    """The symbol's returns on these sessions, without the days that have none."""
    if symbol is None or not dates:
        return []
    days = [previous_session(dates[0]), *dates]
    closes = await queries.load_adjusted_closes(session, symbol, days[0], days[-1])
    return returns_of([closes.get(day) for day in days])

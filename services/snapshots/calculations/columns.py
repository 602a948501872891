"""Results as columns of the tables they are stored in, named by the ids of their portfolios."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from services.snapshots.calculations.chain_metrics import AttributedDays, Day
from services.snapshots.calculations.layout import Work, days
from services.snapshots.calculations.metrics import Metric
from services.snapshots.calculations.risk import BookRisk, Shard
from services.snapshots.calculations.snapshot import Snapshots
from services.snapshots.calculations.tail import TAIL_MEASURES
from services.snapshots.calculations.valuation import Valuations

Portfolios = Sequence[Hashable]
Columns = Mapping[str, Any]  # by name: arrays or lists, one value per row
SPECIFIC = "specific"


def valuation_columns(portfolios: Portfolios, work: Work, snapshots: Snapshots) -> Columns:
    """Of every open position on every session taken."""
    lines, book = snapshots.valuations, work.book
    kept = lines.active
    held, taken = lines.position[kept], [work.takes[take] for take in lines.take[kept].tolist()]
    return {
        "position_id": book.position_id[held],
        "as_of": [take.session for take in taken],
        "portfolio_id": [portfolios[take.portfolio] for take in taken],
        "symbol": lines.symbol[kept],
        "underlying": book.underlying[held],
        "position_type": book.position_type[held],
        "sector": book.sector[held],
        "quantity": lines.quantity[kept],
        "price": lines.price[kept],
        "price_date": lines.price_day[kept],
        "price_source": lines.source[kept],
        "stale": lines.stale[kept],
        "underlying_price": lines.underlying_price[kept],
        "underlying_price_date": lines.underlying_price_day[kept],
        "market_value": lines.market_value[kept],
        "cost": lines.cost[kept],
        "unrealised_pnl": lines.unrealised_pnl[kept],
        "daily_pnl": lines.daily_pnl[kept],
        "notional_exposure": lines.notional[kept],
        "delta": lines.delta[kept],
        "delta_adjusted_exposure": lines.delta_adjusted[kept],
        "reason": lines.reason[kept],
    }


def carried_prices(work: Work, snapshots: Snapshots) -> list[list[dict[str, str | None]]]:
    """Per take the symbols whose price or underlying's price is not the session's own, as what is
    stored of them.

    A snapshot rests on these: when a session before it brings a newer or another price, it is to be
    taken again.
    """
    lines = snapshots.valuations
    session = days([take.session for take in work.takes])[lines.take]
    own, underlying = lines.price_day == session, lines.underlying_price_day == session
    found: list[dict[str, dict[str, str | None]]] = [{} for _ in work.takes]
    for line in np.flatnonzero(lines.active & ~(own & underlying)).tolist():
        carried = _carried_price(work, lines, line)
        found[lines.take[line]].setdefault(str(carried["symbol"]), carried)
    return [list(by_symbol.values()) for by_symbol in found]


def _carried_price(work: Work, lines: Valuations, line: int) -> dict[str, str | None]:
    held = lines.position[line]
    return {
        "symbol": lines.symbol[line],
        "underlying": work.book.underlying[held],
        "price": _six_decimals(lines.price[line]),
        "price_date": _day(lines.price_day[line]),
        "underlying_price": _six_decimals(lines.underlying_price[line]),
        "underlying_price_date": _day(lines.underlying_price_day[line]),
    }


def _six_decimals(price: float) -> str | None:
    """The price as its column stores it."""
    return None if np.isnan(price) else f"{price:.6f}"


def _day(day: np.datetime64) -> str | None:
    return None if np.isnat(day) else str(day)


def metric_columns(portfolios: Portfolios, measured: Sequence[tuple[Day, Metric]]) -> Columns:
    """Of every metric, with the day it belongs to."""
    found = [metric for _, metric in measured]
    return {
        "portfolio_id": [portfolios[portfolio] for (portfolio, _), _ in measured],
        "as_of": [session for (_, session), _ in measured],
        "metric": [metric.name for metric in found],
        "view": [metric.view for metric in found],
        "value": [metric.rounded() for metric in found],
        "unit": [metric.unit for metric in found],
        "observations": [metric.observations for metric in found],
        "coverage": [metric.coverage for metric in found],
        "reason": [metric.reason for metric in found],
    }


def component_columns(
    portfolios: Portfolios, as_of: date, shard: Shard, books: Sequence[BookRisk]
) -> Columns:
    """Of every position of the shard."""
    parts = (
        np.concatenate([book.components for book in books])
        if books
        else np.empty((0, len(TAIL_MEASURES)))
    )
    return {
        "position_id": shard.position_id,
        "as_of": [as_of] * len(parts),
        "portfolio_id": [portfolios[place] for place in shard.portfolio.tolist()],
        "symbol": shard.symbol,
        **{measure: parts[:, place] for place, measure in enumerate(TAIL_MEASURES)},
        "reason": [reason for book in books for reason in book.reason.tolist()],
    }


def attribution_columns(
    portfolios: Portfolios, factors: Sequence[str], found: AttributedDays
) -> Columns:
    """Each day's factors, then what is specific."""
    names = [*factors, SPECIFIC]
    nothing = np.full((len(found.days), 1), np.nan)

    def per_name(values: Iterable[Any]) -> list[Any]:
        return [value for value in values for _ in names]

    return {
        "portfolio_id": per_name(portfolios[portfolio] for portfolio, _ in found.days),
        "as_of": per_name(session for _, session in found.days),
        "factor": names * len(found.days),
        "previous_session": per_name(found.previous),
        "pnl": np.hstack([found.pnl.factors, found.pnl.specific[:, None]]).ravel(),
        "exposure": np.hstack([found.exposures, nothing]).ravel(),
        "factor_return": np.hstack([found.factor_returns, nothing]).ravel(),
        "reason": per_name(found.pnl.reason.tolist()),
    }

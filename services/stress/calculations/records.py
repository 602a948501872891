"""Results as records: one mapping per row to store, in plain Python values."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np

from services.stress.calculations.books import Book, Floats, Omission
from services.stress.calculations.market_risk import MarketRisk
from services.stress.calculations.runs import Run
from services.stress.calculations.shocks import Shocks
from services.stress.calculations.valuation import OPTION_VALUATION, Impacts, StressTest

RATES = "Interest Rate"
NOTHING_MEASURED = {
    "market": "no position has a market beta",
    "rates": "no position has a rate sensitivity",
}
Record = dict[str, Any]


@dataclass(frozen=True)
class Shard:
    """Whose numbers these are: portfolios and positions in the order of the book."""

    as_of: date
    portfolio_ids: Sequence[UUID]
    position_ids: Sequence[UUID]


def result_records(shard: Shard, run: Run, factor_names: Sequence[str]) -> Iterator[Record]:
    """Every method that was measured, portfolio and scenario."""
    for method, impacts in run.test.methods.items():
        shocks = effective_shocks(impacts.shocks, factor_names)
        for portfolio, scenario in np.ndindex(*impacts.total.shape):
            omissions = run.test.omissions[portfolio][scenario]
            yield {
                "portfolio_id": shard.portfolio_ids[int(run.portfolios[portfolio])],
                "as_of": shard.as_of,
                "scenario_id": run.test.scenarios[scenario].scenario_id,
                "method": method,
                **measurements(run.test, method, portfolio, scenario, factor_names),
                "effective_shocks": shocks[scenario],
                "option_valuation": OPTION_VALUATION,
                "warnings": [omission_record(each) for each in omissions],
                "left_out": [left_out for each in omissions for left_out in left_out_records(each)],
            }


def measurements(
    test: StressTest, method: str, portfolio: int, scenario: int, factor_names: Sequence[str]
) -> Record:
    """The amounts of one result; None (and no factor impacts) when nothing was measured."""
    impacts, place = test.methods[method], (portfolio, scenario)
    parts = [*impacts.factors[place].tolist(), float(impacts.rates[place])]
    named = dict(zip((*factor_names, RATES), parts, strict=True))
    effect = None if method == "direct" else test.correlation_effect
    return {
        "total_pnl": _measured(impacts, impacts.total, place),
        "nonlinear": _measured(impacts, impacts.nonlinear, place),
        "delta_gamma_pnl": _measured(impacts, impacts.delta_gamma, place),
        "correlation_effect": _measured(impacts, effect, place),
        "factor_impacts": named if impacts.measured[place] else {},
        "coverage": number_or_none(float(impacts.coverage[place])),
    }


def effective_shocks(shocks: Shocks, factor_names: Sequence[str]) -> list[dict[str, float]]:
    """By scenario, what every factor and the yield really did; twelve digits, never minus zero."""
    moves = np.round(np.column_stack([shocks.factors, shocks.rates]), 12) + 0.0
    return [dict(zip((*factor_names, RATES), row, strict=True)) for row in moves.tolist()]


def omission_record(omission: Omission) -> Record:
    """An omission in the form of a notice, the first names spelled out."""
    names = sorted(omission.symbols)
    return {
        "code": omission.code,
        "message": omission.reason,
        "count": len(names),
        "about": names[:20],
    }


def left_out_records(omission: Omission) -> list[Record]:
    """An omission as what it is about, every symbol by name and once."""
    return [
        {"symbol": symbol, "code": omission.code, "reason": omission.reason}
        for symbol in sorted(set(omission.symbols))
    ]


def ladder_records(shard: Shard, ladder: MarketRisk) -> Iterator[Record]:
    """Every portfolio and step of one ladder."""
    for portfolio, step in np.ndindex(*ladder.pnl.shape):
        measured = bool(ladder.measured[portfolio])
        yield {
            "portfolio_id": shard.portfolio_ids[portfolio],
            "as_of": shard.as_of,
            "kind": ladder.kind,
            "shock": float(ladder.shocks[step]),
            "exposure": float(ladder.exposure[portfolio]) if measured else None,
            "pnl": float(ladder.pnl[portfolio, step]) if measured else None,
            "coverage": number_or_none(float(ladder.coverage[portfolio])),
            "reason": None if measured else NOTHING_MEASURED[ladder.kind],
        }


def pnl_records(
    shard: Shard,
    book: Book,
    historical: Floats,
    reasons: Sequence[str | None],
    every: Sequence[Run],
) -> Iterator[Record]:
    """One vector of past days and one of scenarios per position; `historical`: (positions,
    days).
    """
    scenarios: list[list[float]] = [[] for _ in shard.position_ids]
    for run in every:
        for place, pnl in zip(run.positions, run.position_pnl().tolist(), strict=True):
            scenarios[place] += pnl
    measured = np.asarray((~np.isnan(historical)).any(axis=1))
    for place, position_id in enumerate(shard.position_ids):
        yield {
            "position_id": position_id,
            "as_of": shard.as_of,
            "portfolio_id": shard.portfolio_ids[book.portfolio[place]],
            "symbol": book.symbols[place],
            "historical_pnl": historical[place].tolist() if measured[place] else None,
            "reason": reasons[place],
            "scenario_pnl": scenarios[place],
        }


def axis_records(
    shard: Shard, session_dates: Sequence[date], every: Sequence[Run]
) -> Iterator[Record]:
    """What the elements of each portfolio's vectors belong to."""
    elements: list[list[tuple[str, str]]] = [[] for _ in shard.portfolio_ids]
    for run in every:
        for place in run.portfolios:
            elements[place] += run.elements()
    for portfolio_id, pairs in zip(shard.portfolio_ids, elements, strict=True):
        yield {
            "portfolio_id": portfolio_id,
            "as_of": shard.as_of,
            "session_dates": list(session_dates),
            "scenario_ids": [scenario_id for scenario_id, _ in pairs],
            "methods": [method for _, method in pairs],
        }


def number_or_none(number: float) -> float | None:
    """A plain number, None for NaN."""
    return None if math.isnan(number) else number


def _measured(impacts: Impacts, amounts: Floats | None, place: tuple[int, int]) -> float | None:
    return None if amounts is None or not impacts.measured[place] else float(amounts[place])

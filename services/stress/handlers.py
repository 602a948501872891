"""Factors are computed: value every scenario on the shard's books."""

import asyncio
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import Row

from services.stress import calculations, repository
from services.stress.calculations import Book, Floats, Impacts, MarketRisk, Omission, Scenario, StressTest
from services.stress.settings import get_settings
from shared.contracts.event import Notice, ShardEvent
from shared.contracts.factors import FactorsComputed
from shared.contracts.stress import StressComputed
from shared.database import Session
from shared.messaging import ServiceRouter

RATES = "Interest Rate"
NOTHING_MEASURED = {
    "market": "no position has a market beta",
    "rates": "no position has a rate sensitivity",
}

router = ServiceRouter("stress")


async def mirror_scenarios(session: Session) -> None:
    """Before the first message: make the stored scenarios those of the files; a wrong one stops the start."""
    definitions = repository.load_definitions(get_settings().scenario_files())
    await repository.save_scenarios(session, [asdict(each) for each in calculations.scenarios(definitions)])


@router.emits(StressComputed)
@router.on(FactorsComputed)
async def stress_portfolios(event: FactorsComputed, session: Session) -> StressComputed:
    """Value every scenario, direct and correlated, and the ladders of market and rate moves."""
    await repository.lock_portfolios(session, event.portfolio_ids, event.as_of)
    factors = await repository.load_factors(session, event.as_of)
    stored = calculations.scenarios(await repository.load_scenarios(session))
    scenarios, set_aside = calculations.valuable(stored, factors.names)
    covariance = await repository.load_covariance(session, event.as_of, factors.ids)
    book = await _load_book(event, session, factors.ids)

    test = await asyncio.to_thread(calculations.stress_test, book, scenarios, factors.names, covariance)
    ladders = calculations.market_risk(book, factors.names.index(calculations.MARKET))

    results = list(_result_rows(event, test, factors.names))
    steps = [row for each in ladders for row in _ladder_rows(event, each)]
    await repository.save_results(session, event.portfolio_ids, event.as_of, results)
    await repository.save_market_risk(session, event.portfolio_ids, event.as_of, steps)
    warnings = [*_notices(test), *_unvalued(set_aside)]
    return StressComputed.about(event, warnings=warnings, scenarios=len(scenarios), results=len(results))


async def _load_book(event: ShardEvent, session: Session, factor_ids: Sequence[str]) -> Book:
    maturity = get_settings().rate_maturity
    positions = await repository.load_positions(
        session, event.portfolio_ids, event.as_of, factor_ids, maturity
    )
    return _book(event, positions, len(factor_ids))


def _book(event: ShardEvent, positions: Sequence[Row[Any]], factors: int) -> Book:
    places = {portfolio: place for place, portfolio in enumerate(event.portfolio_ids)}
    return Book(
        portfolios=len(event.portfolio_ids),
        portfolio=np.array([places[row.portfolio_id] for row in positions], dtype=np.intp),
        symbols=[row.symbol for row in positions],
        exposure=_floats([row.exposure for row in positions]),
        betas=_floats([row.betas for row in positions]).reshape(len(positions), factors),
        rate_beta=_floats([row.rate_beta for row in positions]),
        gamma=_floats([row.gamma for row in positions]),
        underlying_price=_floats([row.underlying_price for row in positions]),
    )


def _floats(column: Sequence[Any]) -> Floats:
    """The column with NaN for null."""
    return np.array(column, dtype=np.float64)


def _result_rows(event: ShardEvent, test: StressTest, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of `stress_results`: every method that was measured, portfolio and scenario."""
    for method, impacts in test.methods.items():
        for portfolio, scenario in np.ndindex(impacts.total.shape):
            effect = None if method == "direct" else test.correlation_effect
            yield {
                "portfolio_id": event.portfolio_ids[portfolio],
                "as_of": event.as_of,
                "scenario_id": test.scenarios[scenario].scenario_id,
                "method": method,
                **_measurements(impacts, portfolio, scenario, names),
                "correlation_effect": _measured_amount(impacts, effect, portfolio, scenario),
                "option_valuation": calculations.OPTION_VALUATION,
                "warnings": _json(
                    [_notice(each).model_dump() for each in test.omissions[portfolio][scenario]]
                ),
            }


def _measurements(impacts: Impacts, portfolio: int, scenario: int, names: Sequence[str]) -> dict[str, Any]:
    keys = [*names, RATES]
    shocks = [*impacts.shocks.factors[scenario], impacts.shocks.rates[scenario]]
    parts = [*impacts.factors[portfolio, scenario], impacts.rates[portfolio, scenario]]
    measured = zip(keys, parts, strict=True) if impacts.measured[portfolio, scenario] else ()
    return {
        "total_pnl": _measured_amount(impacts, impacts.total, portfolio, scenario),
        "nonlinear": _measured_amount(impacts, impacts.nonlinear, portfolio, scenario),
        "factor_impacts": _json({key: _rounded(part, 6) for key, part in measured}),
        "effective_shocks": _json(
            {key: _rounded(shock, 12) for key, shock in zip(keys, shocks, strict=True)}
        ),
        "coverage": _or_none(float(impacts.coverage[portfolio, scenario])),
    }


def _ladder_rows(event: ShardEvent, ladder: MarketRisk) -> Iterator[dict[str, Any]]:
    """The rows of `market_risk_scenarios` of one ladder."""
    for portfolio, step in np.ndindex(ladder.pnl.shape):
        measured = bool(ladder.measured[portfolio])
        yield {
            "portfolio_id": event.portfolio_ids[portfolio],
            "as_of": event.as_of,
            "kind": ladder.kind,
            "shock": float(ladder.shocks[step]),
            "exposure": float(ladder.exposure[portfolio]) if measured else None,
            "pnl": _amount(float(ladder.pnl[portfolio, step])) if measured else None,
            "coverage": _or_none(float(ladder.coverage[portfolio])),
            "reason": None if measured else NOTHING_MEASURED[ladder.kind],
        }


def _notices(test: StressTest) -> Iterator[Notice]:
    """What the shard's results leave out: one notice per reason, and one when correlation is unknown."""
    symbols: dict[tuple[str, str], set[str]] = defaultdict(set)
    for omission in (each for portfolio in test.omissions for scenario in portfolio for each in scenario):
        symbols[omission.code, omission.reason].update(omission.symbols)
    for (code, reason), names in sorted(symbols.items()):
        yield Notice.naming(code, reason, sorted(names))
    if test.correlated is None:
        yield Notice(
            code="no_covariance", message="no factor covariance for the session: no correlated results"
        )


def _unvalued(set_aside: Sequence[Scenario]) -> Iterator[Notice]:
    if set_aside:
        names = [each.scenario_id for each in set_aside]
        yield Notice.naming("scenario_not_valued", "shocks a factor that is not active: no result", names)


def _notice(omission: Omission) -> Notice:
    return Notice.naming(omission.code, omission.reason, omission.symbols)


def _measured_amount(
    impacts: Impacts, amounts: Floats | None, portfolio: int, scenario: int
) -> Decimal | None:
    if amounts is None or not impacts.measured[portfolio, scenario]:
        return None
    return _amount(float(amounts[portfolio, scenario]))


def _amount(dollars: float) -> Decimal:
    return Decimal(f"{dollars:.6f}")


def _rounded(number: float, digits: int) -> float:
    return round(float(number), digits) + 0.0  # no minus zero


def _or_none(number: float) -> float | None:
    return None if math.isnan(number) else number


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False)

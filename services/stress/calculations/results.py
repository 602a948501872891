"""Stress results as columns, one entry per row of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self
from uuid import UUID

import numpy as np

from services.stress.calculations.market_risk import MarketRisk
from services.stress.calculations.runs import Run
from services.stress.calculations.shocks import Shocks, proxy_returns
from services.stress.calculations.valuation import OPTION_VALUATION, Impacts, Method, StressTest
from services.stress.inputs import ShardBook
from shared.arrays import Columns, FloatArray
from shared.caveats import Caveat

RATES = "interest_rate"
VOLATILITY = "volatility"
NAMED_IN_WARNINGS = 20
NOTHING_MEASURED = {
    "market": "no position has a market beta",
    "rates": "no position has a rate sensitivity",
}


@dataclass(frozen=True)
class Amounts:
    """Profit and loss in US dollars, whole cents, NaN where nothing was measured.

    `correlation_effect` is NaN for the direct method. `coverage`: share (0..1) of gross exposure
    that had every input, NaN without gross exposure.
    """

    total_pnl: FloatArray
    volatility_pnl: FloatArray
    nonlinear: FloatArray
    delta_gamma_pnl: FloatArray
    correlation_effect: FloatArray
    coverage: FloatArray

    @classmethod
    def of(cls, test: StressTest, method: Method) -> Self:
        """The amounts by one method: (portfolios, scenarios)."""
        impacts = test.methods[method]
        effect = test.correlation_effect
        if effect is None or method == "direct":
            effect = np.full(impacts.total.shape, np.nan)
        amounts = {
            "total_pnl": impacts.total,
            "volatility_pnl": impacts.volatility,
            "nonlinear": impacts.nonlinear,
            "delta_gamma_pnl": impacts.delta_gamma,
            "correlation_effect": effect,
        }
        known = {name: np.where(impacts.measured, each, np.nan) for name, each in amounts.items()}
        return cls(**known, coverage=impacts.coverage)

    def at(self, portfolio: int, scenario: int) -> dict[str, float]:
        """By name, the amounts of one portfolio in one scenario."""
        named = [field.name for field in fields(self)]
        return {name: float(getattr(self, name)[portfolio, scenario]) for name in named}

    @classmethod
    def joined(cls, parts: Sequence["Amounts"]) -> Self:
        """The amounts of all parts in one row, portfolio by portfolio."""
        named = [field.name for field in fields(cls)]
        return cls(
            **{n: np.concatenate([getattr(part, n).ravel() for part in parts]) for n in named}
        )


@dataclass(frozen=True)
class Moves:
    """What moves in a scenario, in any portfolio.

    `headline`: "measured" when the moves are those of the scenario's window, "specified" when they
    are the ones it specifies. `effective_shocks`: by factor over the market, the yield, and the
    relative change of one-month volatility. `implied_moves`: the proxies' own returns by factor.
    `plausibility`: yearly deviations, NaN without a covariance or a shocked factor.
    """

    headline: str
    effective_shocks: Mapping[str, float]
    implied_moves: Mapping[str, float]
    plausibility: float


@dataclass(frozen=True)
class ScenarioResults:
    """Every run, method, portfolio and scenario, in that order."""

    portfolio_ids: Sequence[UUID]
    scenario_ids: Sequence[str]
    methods: Sequence[str]
    amounts: Amounts
    factor_impacts: Sequence[Mapping[str, float]]
    moves: Sequence[Moves]
    floored: Sequence[Mapping[str, float]]
    specified: Sequence[Mapping[str, object] | None]
    caveats: Sequence[tuple[Caveat, ...]]

    @classmethod
    def of(
        cls, portfolio_ids: Sequence[UUID], every: Sequence[Run], factor_ids: Sequence[str]
    ) -> Self:
        """The results of every run; `portfolio_ids` are those of the shard."""
        tests = [(run, method) for run in every for method in run.test.methods]
        places = [
            (run, method, int(portfolio), scenario)
            for run, method in tests
            for portfolio, scenario in np.ndindex(*run.test.methods[method].total.shape)
        ]
        moves = [
            each
            for run, method in tests
            for each in moves_of(run.test, method, factor_ids) * len(run.portfolios)
        ]
        return cls(
            portfolio_ids=[portfolio_ids[int(run.portfolios[p])] for run, _, p, _ in places],
            scenario_ids=[run.test.scenarios[s].scenario_id for run, _, _, s in places],
            methods=[method for _, method, _, _ in places],
            amounts=Amounts.joined([Amounts.of(run.test, method) for run, method in tests]),
            factor_impacts=[
                impacts
                for run, method in tests
                for impacts in every_factor_impacts(run.test.methods[method], factor_ids)
            ],
            moves=moves,
            floored=[
                taken
                for run, method in tests
                for taken in every_floored(run.book, run.test.methods[method])
            ],
            specified=[
                as_specified(run.test, method, p, s, factor_ids) for run, method, p, s in places
            ],
            caveats=[run.test.caveats[p][s] for run, _, p, s in places],
        )

    def columns(self) -> Columns:
        """One row per result."""
        return {
            "portfolio_id": self.portfolio_ids,
            "scenario_id": self.scenario_ids,
            "method": self.methods,
            **{field.name: getattr(self.amounts, field.name) for field in fields(Amounts)},
            "factor_impacts": self.factor_impacts,
            **{
                field.name: [getattr(each, field.name) for each in self.moves]
                for field in fields(Moves)
            },
            "floored": self.floored,
            "stated": self.specified,
            "option_valuation": [OPTION_VALUATION] * len(self.methods),
            "warnings": [[_warning(each) for each in caveats] for caveats in self.caveats],
            "left_out": [
                [left_out for each in caveats for left_out in _left_out(each)]
                for caveats in self.caveats
            ],
        }


@dataclass(frozen=True)
class LadderResults:
    """Every portfolio and step of each ladder."""

    portfolio_ids: Sequence[UUID]
    ladders: Sequence[MarketRisk]

    def columns(self) -> Columns:
        """One row per step, ladder by ladder and portfolio by portfolio."""
        places = [
            (ladder, portfolio, step)
            for ladder in self.ladders
            for portfolio, step in np.ndindex(*ladder.pnl.shape)
        ]
        measured = [(ladder, p, s, bool(ladder.measured[p])) for ladder, p, s in places]
        return {
            "portfolio_id": [self.portfolio_ids[p] for _, p, _ in places],
            "kind": [ladder.kind for ladder, _, _ in places],
            "shock": [float(ladder.shocks[step]) for ladder, _, step in places],
            "exposure": [
                float(one.exposure[p]) if known else None for one, p, _, known in measured
            ],
            "pnl": [float(one.pnl[p, s]) if known else None for one, p, s, known in measured],
            "coverage": [float(ladder.coverage[p]) for ladder, p, _ in places],
            "reason": [
                None if known else NOTHING_MEASURED[one.kind] for one, _, _, known in measured
            ],
        }


def every_factor_impacts(impacts: Impacts, factor_ids: Sequence[str]) -> list[dict[str, float]]:
    """`factor_impacts` of every portfolio and scenario, in that order."""
    names = (*factor_ids, RATES, VOLATILITY, *impacts.requested)
    others = (impacts.rates, impacts.volatility, *impacts.requested.values())
    parts = np.concatenate([impacts.factors, np.stack(others, axis=2)], axis=2)
    rows = parts.reshape(-1, len(names)).tolist()
    return [
        dict(zip(names, row, strict=True)) if measured else {}
        for row, measured in zip(rows, impacts.measured.ravel().tolist(), strict=True)
    ]


def factor_impacts(
    impacts: Impacts, portfolio: int, scenario: int, factor_ids: Sequence[str]
) -> dict[str, float]:
    """Dollars by factor, yield, volatility and what a request gives; empty: nothing measured."""
    place = (portfolio, scenario)
    if not impacts.measured[place]:
        return {}
    moved = (float(impacts.rates[place]), float(impacts.volatility[place]))
    parts = [*impacts.factors[place].tolist(), *moved]
    named = dict(zip((*factor_ids, RATES, VOLATILITY), parts, strict=True))
    return named | {name: float(part[place]) for name, part in impacts.requested.items()}


def moves_of(test: StressTest, method: Method, factor_ids: Sequence[str]) -> list[Moves]:
    """By scenario of the test, what its headline moves."""
    shocks = test.methods[method].shocks
    headlines = ["measured" if each.measured else "specified" for each in test.scenarios]
    moves = zip(
        headlines,
        effective_shocks(shocks, factor_ids),
        implied_moves(shocks, factor_ids),
        test.plausibility.tolist(),
        strict=True,
    )
    return [Moves(*each) for each in moves]


def effective_shocks(shocks: Shocks, factor_ids: Sequence[str]) -> list[dict[str, float]]:
    """By scenario, what every factor, the yield and volatility really did."""
    moves = np.column_stack([shocks.factors, shocks.rates, shocks.volatilities])
    return _named((*factor_ids, RATES, VOLATILITY), moves)


def implied_moves(shocks: Shocks, factor_ids: Sequence[str]) -> list[dict[str, float]]:
    """By scenario, the return of every factor's proxy itself."""
    return _named(factor_ids, proxy_returns(shocks.factors, factor_ids))


def _named(names: Sequence[str], moves: FloatArray) -> list[dict[str, float]]:
    """Row by row by name; twelve digits, never minus zero."""
    rounded = np.round(moves, 12) + 0.0
    return [dict(zip(names, row, strict=True)) for row in rounded.tolist()]


def every_floored(book: ShardBook, impacts: Impacts) -> list[dict[str, float]]:
    """By symbol, the dollars that prices which stop at zero take from the linear sum.

    One entry per portfolio and scenario, in that order.
    """
    scenarios = impacts.floored.shape[1]
    found: list[dict[str, float]] = [{} for _ in range(book.portfolios * scenarios)]
    for position, scenario in np.argwhere(impacts.floored != 0.0).tolist():
        by_symbol = found[int(book.portfolio[position]) * scenarios + scenario]
        symbol = book.symbols[position]
        amount = float(impacts.floored[position, scenario])
        by_symbol[symbol] = round(by_symbol.get(symbol, 0.0) + amount, 2)
    return found


def as_specified(
    test: StressTest, method: Method, portfolio: int, scenario: int, factor_ids: Sequence[str]
) -> dict[str, object] | None:
    """The result by the shocks a measured scenario specifies; None where that is the headline."""
    scenario_id = test.scenarios[scenario].scenario_id
    if scenario_id not in test.specified:
        return None
    impacts = test.as_specified[method]
    place = test.specified.index(scenario_id)
    measured = bool(impacts.measured[portfolio, place])
    amounts = {
        "total_pnl": impacts.total,
        "volatility_pnl": impacts.volatility,
        "nonlinear": impacts.nonlinear,
    }
    return {
        **{
            name: float(values[portfolio, place]) if measured else None
            for name, values in amounts.items()
        },
        "factor_impacts": factor_impacts(impacts, portfolio, place, factor_ids),
        "effective_shocks": effective_shocks(impacts.shocks, factor_ids)[place],
        "implied_moves": implied_moves(impacts.shocks, factor_ids)[place],
        "plausibility": _known(test.specified_plausibility[place]),
    }


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _warning(caveat: Caveat) -> dict[str, object]:
    """A caveat as results store it: how many positions, and the first names."""
    return {
        "code": caveat.code,
        "message": caveat.message,
        "count": len(caveat.about),
        "about": caveat.about[:NAMED_IN_WARNINGS],
    }


def _left_out(caveat: Caveat) -> list[dict[str, str]]:
    """A caveat symbol by symbol, each once."""
    return [
        {"symbol": symbol, "code": caveat.code, "reason": caveat.message}
        for symbol in sorted(set(caveat.about))
    ]

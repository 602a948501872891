"""What the portfolios of a shard may lose in a day, and what each position adds to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import pairwise

import numpy as np

from services.snapshots.calculations.dollar_greeks import OptionGreeks, dollar_greeks
from services.snapshots.calculations.layout import floats, objects
from services.snapshots.calculations.metrics import (
    LONGS,
    PORTFOLIO,
    SHORTS,
    USD,
    DayMetrics,
    Metric,
)
from services.snapshots.calculations.parametric import (
    Exposures,
    FactorModel,
    ParametricRisk,
    measured_positions,
    parametric_risk,
    specific_variances,
)
from services.snapshots.calculations.tail import (
    CONFIDENCES,
    TAIL_MEASURES,
    HistoricalRisk,
    PositionPnl,
    historical_risk,
)
from services.snapshots.inputs import Estimates, RiskInputs
from shared.arrays import BoolArray, Columns, FloatArray
from shared.caveats import Caveat, CaveatCode
from shared.quant.returns import simple_returns


@dataclass(frozen=True)
class Holdings:
    """The positions of portfolios on one session, in one order: quantities, P&L and exposures."""

    quantity: FloatArray
    pnl: PositionPnl
    exposures: Exposures
    greeks: OptionGreeks

    @classmethod
    def of(cls, inputs: RiskInputs) -> "Holdings":
        """Lay out what was read as columns."""
        positions = inputs.positions
        row = {symbol: place for place, symbol in enumerate(inputs.underlyings)}
        weight = floats([position.weight for position in positions])
        underlying = [row[position.underlying] for position in positions]
        return cls(
            quantity=floats([position.quantity for position in positions]),
            pnl=PositionPnl(
                _vectors([position.pnl for position in positions]),
                weight,
                objects([position.reason for position in positions]),
            ),
            exposures=Exposures(
                floats([position.exposure for position in positions]),
                np.array(underlying, dtype=np.int64),
                weight,
            ),
            greeks=OptionGreeks(
                *(
                    floats([getattr(position, field.name) for position in positions])
                    for field in fields(OptionGreeks)
                )
            ),
        )

    def part(self, positions: slice) -> "Holdings":
        """Those of the positions."""
        return Holdings(
            self.quantity[positions],
            self.pnl.take(positions),
            self.exposures.take(positions),
            self.greeks.take(positions),
        )

    def views(self) -> Mapping[str, BoolArray]:
        """Which positions belong to each view: all, those bought, those sold."""
        everything = np.ones(len(self.quantity), dtype=np.bool_)
        return {PORTFOLIO: everything, LONGS: self.quantity > 0.0, SHORTS: self.quantity < 0.0}


def _vectors(vectors: Sequence[FloatArray | None]) -> FloatArray:
    """P x D, NaN where a position has no vector."""
    days = max((len(vector) for vector in vectors if vector is not None), default=0)
    unknown = np.full(days, np.nan)
    pnl = [unknown if vector is None else vector for vector in vectors]
    return np.array(pnl, dtype=np.float64).reshape(len(vectors), days)


def factor_model(estimates: Estimates) -> FactorModel:
    """The session's model, with what the factors leave unexplained of each underlying."""
    recent = slice(-estimates.lookback, None)
    returns = simple_returns(estimates.closes)[recent]
    factor_returns = estimates.factor_returns[recent]
    specific = specific_variances(returns, factor_returns, estimates.betas, estimates.decay)
    return FactorModel(estimates.betas, estimates.covariance, specific, estimates.observations)


@dataclass(frozen=True)
class PortfolioRisk:
    """What one portfolio may lose in a day: `metrics`, and each position's part in `historical`.

    `modelled` (P): whether the parametric figures know the position.
    """

    metrics: tuple[Metric, ...]
    historical: HistoricalRisk
    modelled: BoolArray


@dataclass(frozen=True)
class ShardRisk:
    """The risk of each of the inputs' portfolios, in their order."""

    inputs: RiskInputs
    portfolios: Sequence[PortfolioRisk]

    def metrics(self) -> DayMetrics:
        """Every metric with its portfolio."""
        measured = [
            ((place, self.inputs.as_of), metric)
            for place, risk in enumerate(self.portfolios)
            for metric in risk.metrics
        ]
        return DayMetrics(self.inputs.portfolios, measured)

    def columns(self) -> Columns:
        """Of `component_var`: one row per position."""
        positions = self.inputs.positions
        none = np.empty((0, len(TAIL_MEASURES)))
        figures = [risk.historical for risk in self.portfolios]
        parts = np.concatenate([none, *(each.components for each in figures)])
        plain = np.concatenate([none, *(each.plain_components for each in figures)])
        return {
            "position_id": [position.position_id for position in positions],
            "portfolio_id": [position.portfolio_id for position in positions],
            "symbol": [position.symbol for position in positions],
            **{measure: parts[:, place] for place, measure in enumerate(TAIL_MEASURES)},
            **{f"plain_{name}": plain[:, place] for place, name in enumerate(TAIL_MEASURES)},
            "days": [days for each in figures for days in each.position_days.tolist()],
            "reason": [reason for each in figures for reason in each.left_out.tolist()],
        }

    def caveats(self) -> list[Caveat]:
        """What is left out of the figures."""
        symbols = [position.symbol for position in self.inputs.positions]
        figures = [risk.historical for risk in self.portfolios]
        reasons = [reason for each in figures for reason in each.left_out.tolist()]
        gaps = [0 < days < each.days for each in figures for days in each.position_days.tolist()]
        modelled = [known for risk in self.portfolios for known in risk.modelled.tolist()]
        no_pnl = [symbol for symbol, why in zip(symbols, reasons, strict=True) if why]
        some_pnl = [symbol for symbol, partial in zip(symbols, gaps, strict=True) if partial]
        no_model = [symbol for symbol, known in zip(symbols, modelled, strict=True) if not known]
        kinds: tuple[tuple[CaveatCode, str, list[str]], ...] = (
            (
                "historical_pnl_missing",
                "too few past days of P&L: left out of historical VaR and shortfall",
                no_pnl,
            ),
            (
                "historical_pnl_incomplete",
                "no price on some sessions of the window: they count nothing on those days in "
                "historical VaR and shortfall",
                some_pnl,
            ),
            (
                "factor_model_missing",
                "no exposure, betas or returns: left out of parametric VaR and shortfall",
                no_model,
            ),
        )
        return [Caveat.naming(code, message, names) for code, message, names in kinds if names]


def shard_risk(inputs: RiskInputs) -> ShardRisk:
    """The risk of each portfolio, all with the same factor model."""
    model = factor_model(inputs.estimates)
    place = {portfolio: index for index, portfolio in enumerate(inputs.portfolios)}
    owner = [place[position.portfolio_id] for position in inputs.positions]
    edges = np.searchsorted(owner, np.arange(len(inputs.portfolios) + 1))
    held = Holdings.of(inputs)
    parts = [held.part(slice(first, last)) for first, last in pairwise(edges.tolist())]
    return ShardRisk(inputs, [portfolio_risk(part, model, inputs) for part in parts])


def portfolio_risk(holdings: Holdings, model: FactorModel, inputs: RiskInputs) -> PortfolioRisk:
    """One portfolio's VaR and expected shortfall by each method and its dollar Greeks, per view.

    `inputs`: of the shard, for the days of the P&L and the betas.
    """
    session_dates = inputs.session_dates
    market_betas = inputs.estimates.market_betas
    views = holdings.views()
    historical = {
        view: historical_risk(holdings.pnl.take(chosen)) for view, chosen in views.items()
    }
    parametric = {
        view: parametric_risk(holdings.exposures.take(chosen), model)
        for view, chosen in views.items()
    }
    metrics = [
        metric
        for view, risk in historical.items()
        for metric in _historical_metrics(view, risk, session_dates)
    ]
    for view, normal in parametric.items():
        metrics += _parametric_metrics(view, normal, model.observations)
    for view, chosen in views.items():
        held = (holdings.exposures.take(chosen), holdings.greeks.take(chosen))
        metrics += dollar_greeks(view, *held, market_betas)
    modelled = measured_positions(holdings.exposures, model)
    return PortfolioRisk(tuple(metrics), historical[PORTFOLIO], modelled)


def _historical_metrics(
    view: str, risk: HistoricalRisk, session_dates: Sequence[date]
) -> Iterator[Metric]:
    dated = risk.window if session_dates else None
    first, last = (session_dates[day] for day in dated) if dated else (None, None)
    kinds = {"historical": risk.totals, "smoothed": risk.smoothed, "rescaled": risk.rescaled}
    for kind, losses in kinds.items():
        for measure, loss in zip(TAIL_MEASURES, losses.tolist(), strict=True):
            value = None if risk.reason else loss
            name = f"{measure}_1d_{kind}"
            known = (risk.days, risk.coverage, risk.reason, first, last)
            yield Metric(name, view, value, USD, *known)


def _parametric_metrics(view: str, risk: ParametricRisk, days: int) -> Iterator[Metric]:
    for confidence in CONFIDENCES:
        losses = (risk.value_at_risk(confidence), risk.expected_shortfall(confidence))
        for kind, loss in zip(("var", "es"), losses, strict=True):
            value = None if risk.reason else loss
            name = f"{kind}_{confidence}_1d_parametric"
            yield Metric(name, view, value, USD, days, risk.coverage, risk.reason)

"""The example book of `docs/methodology.md`, computed with the services' own mathematics from the
bundled data.

`python -m tests.worked_example` rewrites the document's marked tables;
`tests/unit/test_methodology.py` holds the document to these numbers.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from services.factors.calculations.betas import ModelBetas, model_betas, over_market
from services.factors.calculations.clusters import clusters
from services.factors.calculations.correlations import (
    Correlations,
    correlations,
    effective_positions,
    overall_correlation,
)
from services.factors.calculations.covariance import FactorCovariance, ewma_covariance
from services.factors.calculations.diagnostics import diagnosis
from services.factors.calculations.exposures import BookExposures, Holdings, book_exposures
from services.factors.calculations.rates import RateSensitivities, rate_sensitivities, yield_changes
from services.factors.calculations.regression_report import Regression
from services.factors.inputs import Factors, SymbolHistory
from services.gateway.analytics.reading.definitions import meanings
from services.gateway.analytics.shapes.rates import indistinguishable_from_zero
from services.greeks.calculations.rates import continuous_rates
from services.greeks.calculations.volatility import (
    one_session_returns,
    realised_volatility,
    volatility_window,
)
from services.greeks.inputs import TreasuryCurve
from services.snapshots.calculations.attribution import Attributions, attributed_pnl
from services.snapshots.calculations.concentration import Concentration, concentration
from services.snapshots.calculations.layout import objects
from services.snapshots.calculations.metrics import Metric
from services.snapshots.calculations.parametric import (
    Exposures,
    FactorModel,
    ParametricRisk,
    parametric_risk,
    specific_variances,
)
from services.snapshots.calculations.realised import Chain, realised_metrics
from services.snapshots.calculations.snapshot import Snapshots, portfolio_snapshots
from services.snapshots.calculations.tail import (
    TAIL_MEASURES,
    HistoricalRisk,
    PositionPnl,
    historical_risk,
)
from services.snapshots.inputs import (
    CashFlow,
    DueSnapshot,
    Plan,
    Quote,
    SnapshotInputs,
)
from services.stress.calculations.history import historical_pnl
from services.stress.calculations.scenarios import scenarios
from services.stress.calculations.valuation import stress_test
from services.stress.inputs import Contracts, ShardBook
from shared import calendar
from shared.arrays import FloatArray
from shared.conventions import NORMAL_QUANTILE
from shared.instruments import parse_occ
from shared.quant import pricing
from shared.quant.black_scholes import OptionColumns, OptionValues, option_values
from shared.quant.implied_volatility import Reason, american_implied_volatilities
from shared.quant.returns import log_returns, simple_returns
from tests import panel
from tests.unit.snapshots.builders import Holding, positions

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "methodology.md"
SCENARIOS = ROOT / "services" / "stress" / "scenarios.json"

AS_OF, BEFORE, FIRST = date(2022, 12, 28), date(2022, 12, 27), date(2022, 8, 22)
PUT = "SPY230616P00370000"
EQUITY, DEPOSIT = 40_000.0, 5_000.0
BOUGHT = date(2022, 8, 1)
POSITIONS: tuple[tuple[str, float, float, date], ...] = (
    ("AAPL", 150, 155.00, BOUGHT),
    ("XOM", -100, 92.00, BOUGHT),
    ("BND", 200, 74.50, BOUGHT),
    (PUT, 2, 17.25, AS_OF),
)
PORTFOLIO = UUID(int=0)
UNDERLYINGS = ("AAPL", "XOM", "BND", "SPY")
HISTORY = 300  # sessions of closes, as ingest keeps them
SHOWN_SCENARIOS = ("market_down_10", "rates_up_100bp", "quality_flight_12", "covid_crash_2020")
YIELDS = {"3M": "DGS3MO", "2Y": "DGS2", "10Y": "DGS10", "30Y": "DGS30"}
CURVE = {
    "DGS1MO": 1 / 12, "DGS3MO": 0.25, "DGS6MO": 0.5, "DGS1": 1, "DGS2": 2,
    "DGS5": 5, "DGS7": 7, "DGS10": 10, "DGS20": 20, "DGS30": 30,
}  # fmt: skip


@dataclass(frozen=True)
class Option:
    """The put's inputs, its value and Greeks as an American option, and its value as a European
    one.
    """

    terms: OptionColumns
    window: int
    values: OptionValues
    european: float


class WorkedExample:
    """Every stage of the document, each computed once from the stages before."""

    # --- market -----------------------------------------------------------------------------------

    @cached_property
    def sessions(self) -> list[date]:
        return panel.sessions()[-HISTORY:]

    @cached_property
    def returns(self) -> FloatArray:
        """Simple returns of the underlyings: (sessions - 1) x 4."""
        return simple_returns(panel.closes(*UNDERLYINGS, last=HISTORY))

    @cached_property
    def proxy_returns(self) -> FloatArray:
        return simple_returns(panel.closes(*panel.PROXIES, last=HISTORY))

    @cached_property
    def factor_returns(self) -> FloatArray:
        """In the market-relative space: the market, and each style over it."""
        return over_market(self.proxy_returns, panel.FACTORS)

    @cached_property
    def yields(self) -> dict[str, tuple[Any, FloatArray]]:
        """Day numbers and percents by maturity, up to AS_OF."""
        found = {}
        for maturity, series in YIELDS.items():
            days, percents = panel.yields(series)
            known = [place for place, day in enumerate(days) if day <= AS_OF]
            found[maturity] = (_day_numbers([days[p] for p in known]), percents[known])
        return found

    # --- the option -------------------------------------------------------------------------------

    @cached_property
    def option(self) -> Option:
        contract = parse_occ(PUT)
        last_session = calendar.session_on_or_before(contract.expiry)
        left = len([day for day in calendar.sessions(AS_OF, last_session) if day > AS_OF])
        window = volatility_window(left)
        closes = panel.closes("SPY", last=window + 1)[:, 0]
        years = (last_session - AS_OF).days / 365.0
        terms = OptionColumns.of(
            call=[contract.option_type == "C"],
            underlying_price=closes[-1:],
            strike=[float(contract.strike)],
            years_to_expiry=[years],
            volatility=[realised_volatility(one_session_returns(closes))],
            rate=continuous_rates(self.curve, np.array([years])),
            dividend_yield=[0.0],
        )
        european = float(option_values(terms).price[0])
        return Option(terms, window, pricing.values(terms, not contract.is_european), european)

    @cached_property
    def curve(self) -> TreasuryCurve:
        observed = {years: panel.yields(series) for series, years in CURVE.items()}
        percents = [percents[days.index(AS_OF)] for days, percents in observed.values()]
        return TreasuryCurve(AS_OF, np.array(list(observed), dtype=np.float64), np.array(percents))

    # --- values, P&L, NAV -------------------------------------------------------------------------

    @cached_property
    def chain_sessions(self) -> list[date]:
        return [day for day in self.sessions if day >= FIRST]

    @cached_property
    def snapshots(self) -> Snapshots:
        """One snapshot per session since the first; the last one is the document's."""
        days = self.chain_sessions
        due = tuple(
            DueSnapshot(0, day, before) for day, before in zip(days, [None, *days], strict=False)
        )
        return portfolio_snapshots(
            SnapshotInputs(
                plan=Plan((PORTFOLIO,), due),
                positions=positions([_holding(*terms) for terms in POSITIONS]),
                quotes=[*self._close_quotes(), self._option_quote()],
                greeks={(PUT, AS_OF): np.array(self.unit_greeks)},
                flows=[CashFlow(0, AS_OF, DEPOSIT)],
                sessions=days,
            )
        )

    def _close_quotes(self) -> list[Quote]:
        closes = panel.closes(*UNDERLYINGS, last=HISTORY)
        row = {day: place for place, day in enumerate(self.sessions)}
        return [
            Quote(symbol, day, float(closes[row[day], column]), day, "adjusted_close")
            for column, symbol in enumerate(UNDERLYINGS)
            for day in self.chain_sessions
        ]

    def _option_quote(self) -> Quote:
        values = self.option.values
        return Quote(PUT, AS_OF, float(values.price[0]), AS_OF, "model", float(values.delta[0]))

    @cached_property
    def position_greeks(self) -> list[float]:
        """Unit Greek x quantity x multiplier."""
        return [unit * (2 * 100) for unit in self.unit_greeks]

    @cached_property
    def unit_greeks(self) -> list[float]:
        """Per share of contract."""
        values = self.option.values
        units = (values.delta, values.gamma, values.theta, values.vega, values.rho)
        return [float(unit[0]) for unit in units]

    @cached_property
    def lines(self) -> dict[str, FloatArray]:
        """The last snapshot's position columns, in the order of POSITIONS."""
        valuations = self.snapshots.valuations
        chosen = valuations.due == len(self.chain_sessions) - 1
        names = (
            "price",
            "market_value",
            "notional",
            "delta",
            "delta_adjusted",
            "daily_pnl",
            "unrealised_pnl",
        )
        return {name: getattr(valuations, name)[chosen] for name in names}

    @cached_property
    def navs(self) -> FloatArray:
        """NAV_0 = the given equity; NAV_t = NAV_t-1 + P&L_t + flows_t."""
        steps = np.nan_to_num(self.snapshots.daily_pnl) + self.snapshots.net_flow
        return EQUITY + np.cumsum(steps)

    @cached_property
    def daily_returns(self) -> FloatArray:
        """P&L_t / (NAV_t-1 + inflows_t), NaN on the first."""
        capital = self.navs[:-1] + self.snapshots.inflow[1:]
        return np.concatenate([[np.nan], self.snapshots.daily_pnl[1:] / capital])

    # --- factors and rates ------------------------------------------------------------------------

    @cached_property
    def models(self) -> dict[str, ModelBetas]:
        found = model_betas(self.returns, self.proxy_returns, panel.FACTORS)
        return {model.model: model for model in found}

    @cached_property
    def regression(self) -> Regression:
        """The full regression of AAPL in the default model."""
        history = SymbolHistory(
            model="market_relative",
            factors=Factors(panel.FACTORS, panel.PROXIES),
            session_dates=self.sessions,
            closes=panel.closes("AAPL", last=HISTORY)[:, 0],
            proxy_closes=panel.closes(*panel.PROXIES, last=HISTORY),
            stored={},
        )
        (found,) = diagnosis(history).regressions
        return found

    @cached_property
    def betas(self) -> FloatArray:
        """market_relative, underlyings x factors."""
        ((_, betas),) = self.models["market_relative"].parts
        return betas.betas

    @cached_property
    def exposures(self) -> BookExposures:
        return book_exposures(self._holdings(self.lines["delta"]), 1, self.betas)

    def _holdings(self, deltas: FloatArray) -> Holdings:
        return Holdings(
            portfolio_of=np.zeros(4, dtype=np.int64),
            underlying_of=np.arange(4),
            quantities=np.array([quantity for _, quantity, _, _ in POSITIONS]),
            multipliers=np.array([1.0, 1.0, 1.0, 100.0]),
            deltas=deltas,
            underlying_prices=panel.closes(*UNDERLYINGS, last=1)[0],
        )

    @cached_property
    def rates(self) -> dict[str, RateSensitivities]:
        days = _day_numbers(self.sessions)
        changes = {
            maturity: yield_changes(days, *observed) for maturity, observed in self.yields.items()
        }
        found = rate_sensitivities(self.returns, self.proxy_returns[:, 0], changes)
        return {each.maturity: each for each in found}

    @cached_property
    def covariance(self) -> FactorCovariance:
        return ewma_covariance(self.factor_returns, 0.94, 252)

    # --- correlations -----------------------------------------------------------------------------

    @cached_property
    def sizes(self) -> FloatArray:
        """|delta-adjusted dollars| by underlying."""
        return np.abs(self.lines["delta_adjusted"])

    @cached_property
    def correlated(self) -> Correlations:
        return correlations(log_returns(panel.closes(*UNDERLYINGS, last=91)), 20, self.sizes)

    # --- stress -----------------------------------------------------------------------------------

    @cached_property
    def scenarios(self) -> tuple[Any, ...]:
        every = scenarios(json.loads(SCENARIOS.read_text(encoding="utf-8")))
        return tuple(each for name in SHOWN_SCENARIOS for each in every if each.scenario_id == name)

    @cached_property
    def stress_book(self) -> Any:
        option = self.option.terms
        return ShardBook(
            portfolios=1,
            portfolio=np.zeros(4, dtype=np.intp),
            symbols=[symbol for symbol, *_ in POSITIONS],
            exposure=self.lines["delta_adjusted"],
            betas=self.betas,
            rate_beta=self.rates["10Y"].betas,
            gamma=np.array([0.0, 0.0, 0.0, self.position_greeks[1]]),
            underlying_price=np.array([0.0, 0.0, 0.0, float(option.underlying_price[0])]),
            contract=np.array([-1, -1, -1, 0], dtype=np.intp),
            units=np.array([150.0, -100.0, 200.0, 200.0]),
            contracts=Contracts(
                symbols=np.array([PUT]),
                american=np.array([True]),
                **{name: getattr(option, name) for name in OptionColumns.__dataclass_fields__},
            ),
        )

    @cached_property
    def stress_test(self) -> Any:
        return stress_test(self.stress_book, self.scenarios, panel.FACTORS, self.covariance.shrunk)

    # --- VaR --------------------------------------------------------------------------------------

    @cached_property
    def historical_pnl(self) -> FloatArray:
        """USD by position and past day: 4 x 252."""
        pnl: FloatArray = historical_pnl(
            self.stress_book, self.returns[-252:].T, np.arange(4, dtype=np.intp)
        )
        return pnl

    @cached_property
    def historical(self) -> HistoricalRisk:
        nothing = np.full(4, None, dtype=object)
        return historical_risk(
            PositionPnl(self.historical_pnl, np.abs(self.lines["notional"]), nothing)
        )

    @cached_property
    def factor_model(self) -> FactorModel:
        window = slice(-252, None)
        specific = specific_variances(
            self.returns[window], self.factor_returns[window], self.betas, 0.94
        )
        return FactorModel(
            self.betas, self.covariance.covariance, specific, self.covariance.observations
        )

    @cached_property
    def parametric(self) -> ParametricRisk:
        exposed = Exposures(
            self.lines["delta_adjusted"], np.arange(4), np.abs(self.lines["notional"])
        )
        return parametric_risk(exposed, self.factor_model)

    # --- metrics and attribution ------------------------------------------------------------------

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        days = self.chain_sessions
        market = np.concatenate([[np.nan], self.proxy_returns[-len(days) + 1 :, 0]])
        observed, percents = self.yields["3M"]
        last = np.searchsorted(observed, _day_numbers(days), side="right") - 1
        spans = np.array([0] + [1] * (len(days) - 1))
        chain = Chain(objects(days), self.daily_returns, spans, market, percents[last] / 100.0)
        return {metric.name: metric for metric in realised_metrics(chain, self.sessions)}

    @cached_property
    def concentration(self) -> Concentration:
        found = concentration(self.lines["market_value"])
        assert found is not None
        return found

    @cached_property
    def exposures_before(self) -> FloatArray:
        """Dollars by factor at the previous snapshot.

        What was held then, at its closes and its betas.
        """
        closes, proxies = (
            panel.closes(*UNDERLYINGS[:3], last=HISTORY),
            panel.closes(*panel.PROXIES, last=HISTORY),
        )
        ((_, betas),) = model_betas(
            simple_returns(closes[:-1]), simple_returns(proxies[:-1]), panel.FACTORS
        )[0].parts
        quantities = np.array([quantity for _, quantity, _, _ in POSITIONS[:3]])
        dollars: FloatArray = quantities * closes[-2]
        return np.asarray(dollars @ betas.betas)

    @cached_property
    def attribution(self) -> Attributions:
        taken = self.snapshots
        return attributed_pnl(
            taken.daily_pnl[-1:],
            np.stack([taken.income[-1:], taken.fees[-1:], taken.trades_pnl[-1:]], axis=1),
            self.exposures_before[None, :],
            self.factor_returns[-1:],
        )


FACTOR_NAMES = ("Market", "Value", "Growth", "Momentum", "Quality", "Size", "Low Volatility")


def _holding(symbol: str, quantity: float, price: float, entered: date) -> Holding:
    if symbol != PUT:
        return Holding(symbol, quantity, price, entered)
    contract = parse_occ(symbol)
    return Holding(
        symbol,
        quantity,
        price,
        entered,
        option_type=contract.option_type,
        underlying=contract.underlying,
        strike=float(contract.strike),
    )


def _day_numbers(days: Sequence[date]) -> Any:
    return np.array([day.toordinal() for day in days], dtype=np.int64)


# --- the document's tables ---

Cells = list[list[str]]


def money(amount: float) -> str:
    """Dollars and cents with separators; no minus zero."""
    return f"{round(float(amount), 2) + 0.0:,.2f}"


def number(value: float, digits: int = 4) -> str:
    """A statistic."""
    return f"{round(float(value), digits) + 0.0:.{digits}f}"


def percent(value: float, digits: int = 2) -> str:
    """A decimal as per cent."""
    return f"{number(100.0 * value, digits)} %"


NAMES = [symbol for symbol, *_ in POSITIONS]


def _book(_: WorkedExample) -> Cells:
    return [
        [symbol, f"{quantity:g}", money(price), entered.isoformat()]
        for symbol, quantity, price, entered in POSITIONS
    ]


def _values(example: WorkedExample) -> Cells:
    line = example.lines
    columns = ("market_value", "notional", "delta_adjusted")
    return [
        [name, number(line["price"][i]), *(money(line[c][i]) for c in columns)]
        for i, name in enumerate(NAMES)
    ]


def _exposures(example: WorkedExample) -> Cells:
    measures = ("dollar", "notional", "delta-adjusted")
    sides = example.snapshots.exposures[-1]
    return [[name, *map(money, sides[place].tolist())] for place, name in enumerate(measures)]


def _pnl(example: WorkedExample) -> Cells:
    closes = panel.closes(*UNDERLYINGS, last=2)
    starts = [*closes[0, :3], POSITIONS[3][2]]
    line = example.lines
    rows = [
        [name, number(starts[i]), number(line["price"][i]), money(line["daily_pnl"][i])]
        for i, name in enumerate(NAMES)
    ]
    return [*rows, ["**sum**", "", "", money(float(example.snapshots.daily_pnl[-1]))]]


def _nav(example: WorkedExample) -> Cells:
    before, now = example.navs[-2], example.navs[-1]
    pnl, value = float(example.snapshots.daily_pnl[-1]), float(example.snapshots.market_value[-1])
    return [
        ["NAV of 2022-12-27", money(before)],
        ["P&L of 2022-12-28", money(pnl)],
        ["deposit", money(DEPOSIT)],
        ["NAV of 2022-12-28", money(now)],
        ["market value", money(value)],
        ["cash", money(now - value)],
        ["daily return", percent(float(example.daily_returns[-1]), 4)],
        ["cumulative P&L since 2022-08-22", money(float(np.nansum(example.snapshots.daily_pnl)))],
    ]


def _option(example: WorkedExample) -> Cells:
    option = example.option
    terms = option.terms
    return [
        ["underlying price S", money(float(terms.underlying_price[0]))],
        ["strike K", money(float(terms.strike[0]))],
        ["years to expiry T (calendar days / 365)", number(float(terms.years_to_expiry[0]), 6)],
        [
            f"volatility (realised, last {option.window} returns)",
            number(float(terms.volatility[0]), 6),
        ],
        ["rate r at T (Treasury curve, continuous)", number(float(terms.rate[0]), 6)],
        ["dividend yield q (unknown, taken as 0, with a warning)", "0"],
        ["value as an American option", number(float(option.values.price[0]))],
        ["value as a European option", number(option.european)],
    ]


def _implied(example: WorkedExample) -> Cells:
    """The price paid, the model's own value, and a price that no volatility explains."""
    terms, values = example.option.terms, example.option.values
    mids = (POSITIONS[3][2], float(values.price[0]), float(terms.strike[0]) + 1.0)
    found = american_implied_volatilities(repeated(terms, len(mids)), np.array(mids))
    return [
        [
            number(mid),
            "null" if reason else number(volatility, 6),
            Reason(reason).sentence if reason else "",
        ]
        for mid, volatility, reason in zip(
            mids, found.volatility, found.reason.tolist(), strict=True
        )
    ]


def repeated(terms: OptionColumns, times: int) -> OptionColumns:
    """The same contract `times` over."""
    columns = {
        name: np.repeat(getattr(terms, name), times) for name in OptionColumns.__dataclass_fields__
    }
    return OptionColumns(**columns)


def _greeks(example: WorkedExample) -> Cells:
    units = {
        "delta": "per 1.00 of the underlying",
        "gamma": "per 1.00 of the underlying",
        "theta": "per calendar day",
        "vega": "per volatility point (0.01)",
        "rho": "per percentage point of rate",
    }
    values = example.option.values
    return [
        [name, number(float(getattr(values, name)[0])), number(example.position_greeks[i]), unit]
        for i, (name, unit) in enumerate(units.items())
    ]


def _models(example: WorkedExample) -> Cells:
    rows = []
    for name, model in example.models.items():
        found = {
            factor: (betas, at)
            for factors, betas in model.parts
            for at, factor in enumerate(factors)
        }
        market, value = (found[factor] for factor in ("market", "value"))
        fit = market[0].fit
        rows.append(
            [
                f"`{name}`",
                *(number(float(betas.betas[0, at])) for betas, at in (market, value)),
                number(float(market[0].raw[0, market[1]])),
                number(float(fit.standard_errors[0, market[1]])),
                number(float(fit.r_squared[0]), 3),
                number(float(fit.condition_number[0]), 1),
            ]
        )
    return rows


def _diagnostics(example: WorkedExample) -> Cells:
    rows = []
    for name, each in zip(FACTOR_NAMES, example.regression.coefficients, strict=True):
        near = indistinguishable_from_zero(each.raw_beta, each.raw_error)
        figures = (
            each.raw_beta, each.raw_error, each.estimate.newey_west_error, each.prior_mean,
            each.shrunk, each.beta, each.variance_inflation,
        )  # fmt: skip
        shown = [
            number(value or 0.0, 2 if place == 6 else 4) for place, value in enumerate(figures)
        ]
        rows.append([name, *shown, "yes" if near else ""])
    return rows


def _diagnostic_tests(example: WorkedExample) -> Cells:
    tests = example.regression.tests
    assert tests is not None
    verdicts = {
        "Jarque-Bera": tests.jarque_bera,
        "Breusch-Pagan": tests.breusch_pagan,
        "CUSUM": tests.cusum,
    }
    figures = [
        [name, number(verdict.statistic or 0.0, 2), number(verdict.p_value or 0.0, 3)]
        for name, verdict in verdicts.items()
    ]
    return [["Durbin-Watson", number(tests.durbin_watson or 0.0, 2), ""], *figures]


def _factor_exposures(example: WorkedExample) -> Cells:
    by_factor, nav = example.exposures.by_factor, example.navs[-1]
    totals = example.exposures.portfolios.dollars[0]
    return [
        [name, *map(money, by_factor[:, k].tolist()), money(totals[k]), number(totals[k] / nav, 3)]
        for k, name in enumerate(FACTOR_NAMES)
    ]


def _rates(example: WorkedExample) -> Cells:
    dollars = example.lines["delta_adjusted"]
    rows = []
    for maturity, rate in example.rates.items():
        per_bp = float(dollars @ rate.betas) * 0.0001
        error = float(np.sqrt(((dollars * rate.standard_errors) ** 2).sum())) * 0.0001
        bond = (number(float(rate.betas[2]), 3), number(float(rate.standard_errors[2]), 3))
        rows.append([maturity, *bond, money(per_bp), money(error)])
    return rows


def _covariance(example: WorkedExample) -> Cells:
    found = example.covariance
    deviations = np.sqrt(np.diag(found.covariance))
    return [
        [
            name,
            percent(float(deviations[k]), 3),
            number(float(found.correlation[0, k]), 3),
            number(float(found.shrunk[0, k] / (deviations[0] * deviations[k])), 3),
        ]
        for k, name in enumerate(FACTOR_NAMES)
    ]


def _correlations(example: WorkedExample) -> Cells:
    values = example.correlated.values
    return [[name, *(number(float(v), 3) for v in values[i])] for i, name in enumerate(UNDERLYINGS)]


def _correlation_figures(example: WorkedExample) -> Cells:
    values, sizes = example.correlated.values, example.sizes
    signed = example.lines["delta_adjusted"]
    found = clusters(values, 0.7, sizes)
    clustered = sum(float(sizes[list(members)].sum()) for members in found) / float(sizes.sum())
    return [
        [
            "overall correlation (mean absolute ρ over pairs)",
            number(overall_correlation(values), 3),
        ],
        [
            "clusters at 0.7",
            "; ".join(" + ".join(UNDERLYINGS[m] for m in members) for members in found) or "none",
        ],
        ["concentration (share of value in clusters)", number(clustered, 3)],
        ["effective positions 1 / (w'ρw)", number(effective_positions(values, signed), 3)],
    ]


def _scenario_shocks(example: WorkedExample) -> Cells:
    methods = example.stress_test.methods
    return [
        [
            _headline(scenario),
            method,
            *(percent(float(shock), 2) for shock in impacts.shocks.factors[place]),
        ]
        for place, scenario in enumerate(example.scenarios)
        for method, impacts in methods.items()
    ]


def _headline(scenario: Any) -> str:
    return f"{scenario.name}, measured" if scenario.measured else str(scenario.name)


def _deviations_or_none(distance: float) -> str:
    return "none" if np.isnan(distance) else number(distance, 2)


def _scenario_pnl(example: WorkedExample) -> Cells:
    return [
        [
            _headline(scenario),
            method,
            *map(money, impacts.positions[:, place].tolist()),
            money(float(impacts.total[0, place])),
            money(float(impacts.volatility[0, place])),
            money(float(impacts.delta_gamma[0, place])),
            _deviations_or_none(float(example.stress_test.plausibility[place])),
        ]
        for place, scenario in enumerate(example.scenarios)
        for method, impacts in example.stress_test.methods.items()
    ]


def _worst_days(example: WorkedExample) -> Cells:
    pnl = example.historical_pnl
    total = pnl.sum(axis=0)
    order = np.argsort(total, kind="stable")
    days = example.sessions[-252:]
    ranks = (0, 1, 2, 3, 12, 13)
    return [
        [
            str(rank),
            days[order[rank]].isoformat(),
            *map(money, pnl[:, order[rank]].tolist()),
            money(total[order[rank]]),
        ]
        for rank in ranks
    ]


def _var(example: WorkedExample) -> Cells:
    found = example.historical
    kinds = [
        dict(zip(TAIL_MEASURES, figures.tolist(), strict=True))
        for figures in (found.totals, found.smoothed, found.rescaled)
    ]
    parametric = example.parametric
    rows = []
    for confidence in (95, 99):
        normal = parametric.value_at_risk(confidence), parametric.expected_shortfall(confidence)
        for kind, label, other in (
            ("var", "VaR", normal[0]),
            ("es", "expected shortfall", normal[1]),
        ):
            measure = f"{kind}_{confidence}"
            losses = *(figures[measure] for figures in kinds), other
            rows.append([f"{label} {confidence} %", *map(money, losses)])
    return rows


def _components(example: WorkedExample) -> Cells:
    found = example.historical
    return _with_sum(found.components, found.smoothed)


def _plain_components(example: WorkedExample) -> Cells:
    found = example.historical
    return _with_sum(found.plain_components, found.totals)


def _with_sum(parts: Any, totals: Any) -> Cells:
    rows = [[name, *map(money, parts[i].tolist())] for i, name in enumerate(NAMES)]
    return [*rows, ["**sum**", *map(money, totals.tolist())]]


def _deviations(example: WorkedExample) -> Cells:
    risk = example.parametric
    return [
        ["from the factors, √(F'CF)", money(risk.factor_deviation)],
        ["specific, √(Σ X²s²)", money(risk.specific_deviation)],
        ["together, σ", money(risk.deviation)],
        *([f"quantile z of {c} %", number(NORMAL_QUANTILE[c])] for c in (95, 99)),
    ]


def _ranks(_: WorkedExample) -> Cells:
    rows = []
    for confidence in (95, 99):
        rank = 251 * (100 - confidence) / 100
        rows.append(
            [f"{confidence} %", number(rank, 2), str(int(rank)), number(rank - int(rank), 2)]
        )
    return rows


def _metrics(example: WorkedExample) -> Cells:
    shown = {
        "volatility_21d": percent, "volatility_63d": percent, "volatility_252d": percent,
        "sharpe_252d": number, "sortino_252d": number, "max_drawdown": percent,
        "beta_realised_252d": number,
        "correlation_spy": number, "performance_1d": percent, "performance_1w": percent,
        "performance_1m": percent,
        "performance_3m": percent, "performance_ytd": percent,
    }  # fmt: skip
    rows = [[f"`{name}`", *_metric(example.metrics[name], shape)] for name, shape in shown.items()]
    found = example.concentration
    return [
        *rows,
        ["`hhi`", number(found.hhi), ""],
        ["`top_3_weight`", percent(found.top_3_weight), ""],
    ]


def _metric(metric: Metric, shape: Callable[[float], str]) -> list[str]:
    return ["null" if metric.value is None else shape(metric.value), metric.reason or ""]


def _attribution(example: WorkedExample) -> Cells:
    parts, returns = example.attribution.factors[0], example.factor_returns[-1]
    rows = [
        [name, money(example.exposures_before[k]), percent(float(returns[k]), 4), money(parts[k])]
        for k, name in enumerate(FACTOR_NAMES)
    ]
    causes = example.attribution.causes[0].tolist()
    others = [["income", causes[0]], ["fees", causes[1]], ["trades", causes[2]]]
    total = float(example.snapshots.daily_pnl[-1])
    specific = round(total, 2) - round(sum(round(float(part), 2) for part in [*parts, *causes]), 2)
    rows += [[name, "", "", money(usd)] for name, usd in [*others, ["specific", specific]]]
    return [*rows, ["**P&L**", "", "", money(total)]]


def _definitions(_: WorkedExample) -> Cells:
    """What `definitions` answers, in its order."""
    return [
        [
            ", ".join(f"`{name}`" for name in each.names),
            f"**{each.title}.** {each.meaning}",
            each.formula or "",
            f"{each.unit}; {each.sign}",
            each.source or "",
        ]
        for each in meanings()
    ]


TABLES: Mapping[str, tuple[list[str], Callable[[WorkedExample], Cells]]] = {
    "book": (["position", "quantity", "entry price", "entered"], _book),
    "values": (["position", "price", "market value", "notional", "delta-adjusted"], _values),
    "exposures": (["measure", "long", "short", "gross", "net"], _exposures),
    "pnl": (["position", "from", "to", "P&L"], _pnl),
    "nav": (["", "USD"], _nav),
    "option": (["input or value, per share", ""], _option),
    "implied": (["mid quote", "implied volatility", "reason"], _implied),
    "greeks": (["Greek", "per share", "of the position", "unit"], _greeks),
    "models": (
        ["model", "beta Market", "beta Value", "raw Market", "its error", "R²", "condition number"],
        _models,
    ),
    "diagnostics": (
        ["factor", "raw", "error", "Newey-West", "prior", "shrunk", "beta", "inflation", "flagged"],
        _diagnostics,
    ),
    "diagnostic tests": (["test", "statistic", "p"], _diagnostic_tests),
    "factor exposures": (["factor", *NAMES, "portfolio", "beta"], _factor_exposures),
    "rates": (
        ["yield", "BND beta", "its error", "portfolio, USD per bp", "its error, USD"],
        _rates,
    ),
    "covariance": (
        ["factor", "daily volatility", "correlation with Market", "the same, shrunk"],
        _covariance,
    ),
    "correlations": (["", *UNDERLYINGS], _correlations),
    "correlation figures": (["figure", ""], _correlation_figures),
    "shocks": (["scenario", "method", *FACTOR_NAMES], _scenario_shocks),
    "scenario pnl": (
        ["scenario", "method", *NAMES, "total", "volatility", "delta-gamma", "plausibility"],
        _scenario_pnl,
    ),
    "worst days": (["rank", "day", *NAMES, "portfolio"], _worst_days),
    "ranks": (["confidence", "h = 251 × (1 − c)", "k", "w = h − k"], _ranks),
    "var": (["one day, USD", "historical", "smoothed", "rescaled", "parametric"], _var),
    "components": (["position", "VaR 95 %", "ES 95 %", "VaR 99 %", "ES 99 %"], _components),
    "plain components": (
        ["position", "VaR 95 %", "ES 95 %", "VaR 99 %", "ES 99 %"],
        _plain_components,
    ),
    "deviations": (["standard deviation of one day's P&L", "USD"], _deviations),
    "metrics": (["metric", "value", "reason"], _metrics),
    "attribution": (["factor", "exposure before, USD", "factor return", "P&L, USD"], _attribution),
    "definitions": (["name", "meaning", "formula", "unit and sign", "source"], _definitions),
}


def table(name: str, example: WorkedExample) -> str:
    """One table in Markdown."""
    header, rows_of = TABLES[name]
    lines = [header, ["---"] * len(header), *rows_of(example)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def main() -> None:
    """Rewrite the document's tables."""
    example, text = WorkedExample(), DOCUMENT.read_text(encoding="utf-8")
    for name in TABLES:
        start, end = f"<!-- table: {name} -->\n", "\n<!-- end -->"
        before, rest = text.split(start, 1)
        _, after = rest.split(end, 1)
        text = before + start + table(name, example) + end + after
    DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

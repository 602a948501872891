"""The rows of an evening, computed for all portfolios at once in one process.

`tests.bench.floor` says what for. The mathematics is that of the services' own calculations; what
one service stores and the next one reads again is handed over in memory here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import numpy as np
from sqlmodel import SQLModel

from services.factors import inputs as factors_inputs
from services.factors import tables as factors_tables
from services.factors.calculations.estimates import SymbolEstimates, symbol_estimates
from services.factors.calculations.exposures import ShardExposures, shard_exposures
from services.factors.calculations.factor_returns import factor_returns
from services.factors.settings import get_settings as factors_settings
from services.greeks import tables as greeks_tables
from services.greeks.calculations.contracts import contract_valuations
from services.greeks.calculations.engines import Engine
from services.greeks.calculations.positions import PositionGreeks, position_greeks
from services.greeks.inputs import ContractTerms, ContractValuation, HeldOption, Market
from services.greeks.settings import get_settings as greeks_settings
from services.snapshots import inputs as snapshots_inputs
from services.snapshots import tables as snapshots_tables
from services.snapshots.calculations.risk import shard_risk
from services.stress import inputs as stress_inputs
from services.stress import tables as stress_tables
from services.stress.calculations.shard import ShardResults, shard_results
from services.stress.calculations.vectors import PositionVectors
from services.stress.settings import get_settings as stress_settings
from shared.arrays import Columns, FloatArray
from shared.calendar import last_sessions
from shared.conventions import DEFAULT_MODEL, GREEKS, MARKET, SESSIONS_PER_YEAR
from shared.quant.black_scholes import CALENDAR_DAYS_PER_YEAR
from shared.quant.dividends import CashDividends
from shared.quant.returns import simple_returns
from shared.rows import columns_of

Identity = tuple[UUID, UUID, str, str]  # the first fields of a position, in every service


@dataclass(frozen=True)
class Rows:
    """Rows of one table: its columns, and the values that all rows share."""

    table: type[SQLModel]
    columns: Columns
    same: Mapping[str, object]


@dataclass(frozen=True)
class Inputs:
    """What the evening of a session starts from.

    `positions`: those open at its end, by portfolio and position; `terms`: of the distinct
    contracts among them, by symbol; `symbols`: the distinct underlyings, sorted. `held` also has
    the prices of the session before, from which the day's P&L starts.
    """

    as_of: date
    price_run: str
    held: snapshots_inputs.SnapshotInputs
    positions: Sequence[snapshots_inputs.HeldPosition]
    terms: Sequence[ContractTerms]
    symbols: tuple[str, ...]
    market: Market
    factors: factors_inputs.Factors
    history: factors_inputs.History
    catalogue: stress_inputs.Catalogue

    @property
    def portfolios(self) -> tuple[UUID, ...]:
        """Every portfolio, ascending."""
        return self.held.plan.portfolios

    @property
    def underlying(self) -> list[int]:
        """Per position, the place of its underlying in `symbols`."""
        place = {symbol: row for row, symbol in enumerate(self.symbols)}
        return [place[each.underlying] for each in self.positions]


def weighting() -> factors_inputs.Weighting:
    """How the factors' covariance weighs days."""
    own = factors_settings()
    return factors_inputs.Weighting(own.covariance_decay, own.covariance_lookback)


def _identity(each: snapshots_inputs.HeldPosition) -> Identity:
    return each.position_id, each.portfolio_id, each.symbol, each.underlying


# --- options ---


@dataclass(frozen=True)
class Options:
    """The contracts' valuations by symbol, and the Greeks of the positions that hold them."""

    inputs: Inputs
    valuations: Mapping[str, ContractValuation]
    held: PositionGreeks

    @classmethod
    def of(cls, inputs: Inputs) -> "Options":
        """Each distinct contract is valued once."""
        engine = Engine(greeks_settings().engine)
        valued = contract_valuations(inputs.terms, inputs.market, engine)
        valuations = {each.contract: each for each in valued}
        held = [
            HeldOption(*_identity(each), Decimal(str(each.quantity)), int(each.multiplier))
            for each in inputs.positions
            if each.option_type
        ]
        return cls(inputs, valuations, position_greeks(held, valuations))

    def by_position(self) -> dict[UUID, FloatArray]:
        """The Greeks of each option position, in the order of `GREEKS`."""
        return dict(
            zip((each.position_id for each in self.held.held), self.held.greeks, strict=True)
        )

    def rows(self) -> list[Rows]:
        """Of contracts and of positions."""
        as_of = self.inputs.as_of
        valued = list(self.valuations.values())
        terms = self.inputs.terms
        contracts = {
            **columns_of(valued, ContractValuation),
            "dividends": [
                [{"ex_date": str(paid.ex_date), "amount": paid.amount} for paid in each.dividends]
                or None
                for each in valued
            ],
            **{
                name: [getattr(each, name) for each in terms]
                for name in ("underlying", "option_type", "strike", "expiry")
            },
        }
        same = {"as_of": as_of, "price_run": self.inputs.price_run}
        return [
            Rows(greeks_tables.ContractGreeks, contracts, same),
            Rows(greeks_tables.PositionGreeks, self.held.columns(), {"as_of": as_of}),
        ]


# --- factors ---


@dataclass(frozen=True)
class Factored:
    """The estimates of every symbol, and what the positions are exposed to by them."""

    inputs: Inputs
    estimates: SymbolEstimates
    exposed: ShardExposures

    @classmethod
    def of(cls, inputs: Inputs, options: Options) -> "Factored":
        """All symbols in one call, then all positions."""
        book = _exposed_book(inputs, options)
        nothing = factors_inputs.Known({model: {} for model in factors_inputs.MODELS}, {})
        outdated = factors_inputs.Outdated(inputs.symbols, factors=True)
        work = factors_inputs.Work(inputs.factors, book, nothing, outdated, inputs.history)
        estimates = symbol_estimates(work, weighting())
        betas = estimates.added_to(nothing).betas
        return cls(inputs, estimates, shard_exposures(book, betas, inputs.factors.ids))

    @property
    def dollars(self) -> FloatArray:
        """(positions,) signed delta-adjusted USD, NaN where unknown."""
        return self.exposed.by_model[DEFAULT_MODEL].exposures

    def betas(self) -> FloatArray:
        """(symbols, factors) in the default model, NaN where unknown."""
        betas = np.array([self.exposed.betas[symbol].values for symbol in self.inputs.symbols])
        return np.where(np.isfinite(betas), betas, np.nan)

    def rate_betas(self) -> FloatArray:
        """(symbols,) to the yield that rate shocks move."""
        maturity = stress_settings().rate_maturity
        return next(each.betas for each in self.estimates.rates if each.maturity == maturity)

    def rows(self) -> list[Rows]:
        """Of symbols, factors, positions and portfolios."""
        day = {"as_of": self.inputs.as_of}
        same = {**day, "price_run": self.inputs.price_run}
        weighted = {**same, "decay": weighting().decay, "lookback": weighting().lookback}
        covariances = self.estimates.covariance_columns()
        return [
            Rows(factors_tables.SymbolFactorBeta, self.estimates.beta_columns(), same),
            Rows(factors_tables.RateSensitivity, self.estimates.rate_columns(), same),
            Rows(factors_tables.FactorCovariance, covariances, weighted),
            Rows(factors_tables.PositionFactorExposure, self.exposed.position_columns(), day),
            Rows(factors_tables.FactorExposure, self.exposed.portfolio_columns(), day),
        ]


def _exposed_book(inputs: Inputs, options: Options) -> factors_inputs.Book:
    closes = {each.symbol: each.price for each in inputs.held.quotes if each.day == inputs.as_of}
    positions = []
    for each in inputs.positions:
        known = options.valuations.get(each.symbol)
        delta, price, reason = (
            (1.0, closes.get(each.symbol), None)
            if known is None
            else (known.delta, known.underlying_price, known.reason)
        )
        positions.append(
            factors_inputs.Position(
                *_identity(each), each.quantity, int(each.multiplier), delta, price, reason
            )
        )
    return factors_inputs.Book(inputs.portfolios, tuple(positions))


# --- stress ---


def stressed(
    inputs: Inputs, options: Options, factored: Factored
) -> tuple[ShardResults, list[Rows]]:
    """Every scenario and the past year on every position, with their rows."""
    covariance = factored.estimates.covariances[DEFAULT_MODEL].shrunk
    ids = inputs.factors.ids
    holdings = stress_inputs.Holdings(
        as_of=inputs.as_of,
        portfolio_ids=inputs.portfolios,
        position_ids=[each.position_id for each in inputs.positions],
        underlyings=[each.underlying for each in inputs.positions],
        book=_stressed_book(inputs, options, factored),
        factors=stress_inputs.Factors(ids),
        covariance=None if np.isnan(covariance).any() else covariance,
    )
    returns = simple_returns(inputs.history.closes)[-SESSIONS_PER_YEAR:].T
    days = last_sessions(inputs.as_of, SESSIONS_PER_YEAR)
    places = np.array(inputs.underlying, dtype=np.intp)
    past = stress_inputs.Past(days, inputs.symbols, np.ascontiguousarray(returns), places)
    found = shard_results(stress_inputs.Work(holdings, inputs.catalogue, past))
    same = {"as_of": inputs.as_of}
    return found, [
        Rows(stress_tables.StressResult, found.results.columns(), same),
        Rows(stress_tables.MarketRiskScenario, found.ladders.columns(), same),
        Rows(stress_tables.PositionPnl, found.vectors.columns(), same),
        Rows(stress_tables.PastReturns, found.vectors.returns(), same),
        Rows(stress_tables.PnlAxis, found.axes.columns(), same),
    ]


def _stressed_book(inputs: Inputs, options: Options, factored: Factored) -> stress_inputs.ShardBook:
    contracts = _contracts(inputs, options)
    place = {symbol: row for row, symbol in enumerate(contracts.symbols.tolist())}
    owner = {portfolio: row for row, portfolio in enumerate(inputs.portfolios)}
    held = inputs.positions
    contract = np.array(
        [place.get(each.symbol, stress_inputs.STOCK) for each in held], dtype=np.intp
    )
    stock = contract == stress_inputs.STOCK
    greeks = options.by_position()
    gamma = [
        0.0 if each.position_id not in greeks else greeks[each.position_id][1] for each in held
    ]
    units = np.array([each.quantity * each.multiplier for each in held], dtype=np.float64)
    underlying = inputs.underlying
    return stress_inputs.ShardBook(
        portfolios=len(inputs.portfolios),
        portfolio=np.array([owner[each.portfolio_id] for each in held], dtype=np.intp),
        symbols=[each.symbol for each in held],
        exposure=factored.dollars,
        betas=factored.betas()[underlying],
        rate_beta=factored.rate_betas()[underlying],
        gamma=np.array(gamma, dtype=np.float64),
        underlying_price=np.where(stock, 0.0, np.append(contracts.underlying_price, 0.0)[contract]),
        contract=contract,
        units=np.where(stock, 0.0, units),
        contracts=contracts,
    )


def _contracts(inputs: Inputs, options: Options) -> stress_inputs.Contracts:
    terms = inputs.terms
    valued = [options.valuations[each.contract] for each in terms]
    dividends = _cash_dividends(valued, inputs.as_of)
    discrete = False if dividends is None else dividends.amount.any(axis=1)

    def column(name: str) -> FloatArray:
        return np.array([getattr(each, name) for each in valued], dtype=np.float64)

    return stress_inputs.Contracts(
        symbols=np.array([each.contract for each in terms], dtype=np.str_),
        call=np.array([each.option_type == "C" for each in terms], dtype=np.bool_),
        american=np.array([not each.european for each in terms], dtype=np.bool_),
        underlying_price=column("underlying_price"),
        strike=np.array([each.strike for each in terms], dtype=np.float64),
        years_to_expiry=column("years_to_expiry"),
        volatility=column("volatility"),
        rate=column("rate"),
        # Cash dividends are valued in place of the yield that they are worth.
        dividend_yield=np.where(discrete, 0.0, column("dividend_yield")),
        dividends=dividends,
    )


def _cash_dividends(valued: Sequence[ContractValuation], as_of: date) -> CashDividends | None:
    slots = max((len(each.dividends) for each in valued), default=0)
    if slots == 0:
        return None
    amount, years = np.zeros((2, len(valued), slots))
    for row, each in enumerate(valued):
        for slot, paid in enumerate(each.dividends):
            amount[row, slot] = paid.amount
            years[row, slot] = (paid.ex_date - as_of).days / CALENDAR_DAYS_PER_YEAR
    return CashDividends.of(amount, years)


# --- risk ---


def risk_rows(
    inputs: Inputs, options: Options, factored: Factored, vectors: PositionVectors
) -> list[Rows]:
    """What the portfolios may lose in a day, and each position's part of it."""
    risk = shard_risk(
        snapshots_inputs.RiskInputs(
            portfolios=inputs.portfolios,
            as_of=inputs.as_of,
            positions=_risk_positions(inputs, options, factored, vectors),
            underlyings=inputs.symbols,
            estimates=_risk_estimates(inputs, factored),
            session_dates=last_sessions(inputs.as_of, SESSIONS_PER_YEAR),
        )
    )
    return [
        Rows(snapshots_tables.RiskMetric, risk.metrics().columns(), {}),
        Rows(snapshots_tables.ComponentVar, risk.columns(), {"as_of": inputs.as_of}),
    ]


def _risk_positions(
    inputs: Inputs, options: Options, factored: Factored, vectors: PositionVectors
) -> list[snapshots_inputs.RiskPosition]:
    nothing = np.zeros(len(GREEKS))
    greeks = options.by_position()
    measured = np.asarray(np.isfinite(vectors.historical).any(axis=1)).tolist()
    dollars = factored.dollars.tolist()
    found = []
    for place, each in enumerate(inputs.positions):
        exposure = None if np.isnan(dollars[place]) else dollars[place]
        cost = each.quantity * each.multiplier * each.entry_price
        _, gamma, theta, vega, rho = greeks.get(each.position_id, nothing).tolist()
        valued = options.valuations.get(each.symbol)
        price = valued.underlying_price if valued else None
        found.append(
            snapshots_inputs.RiskPosition(
                *_identity(each),
                quantity=each.quantity,
                weight=abs(cost if exposure is None else exposure),
                exposure=exposure,
                dollar_gamma=gamma * (price or 0.0) ** 2 / 100,
                theta=theta,
                vega=vega,
                rho=rho,
                pnl=vectors.historical[place] if measured[place] else None,
                reason=vectors.reasons[place],
            )
        )
    return found


def _risk_estimates(inputs: Inputs, factored: Factored) -> snapshots_inputs.Estimates:
    ids = inputs.factors.ids
    covariance = factored.estimates.covariances[DEFAULT_MODEL]
    returns = factor_returns(inputs.history.proxy_closes, ids)
    betas = factored.betas()
    return snapshots_inputs.Estimates(
        betas=betas,
        market_betas=betas[:, ids.index(MARKET)],
        covariance=covariance.covariance,
        closes=inputs.history.closes[-(SESSIONS_PER_YEAR + 1) :],
        factor_returns=returns[factors_inputs.SPACES.index(DEFAULT_MODEL), -SESSIONS_PER_YEAR:],
        decay=weighting().decay,
        lookback=weighting().lookback,
        observations=covariance.observations,
    )

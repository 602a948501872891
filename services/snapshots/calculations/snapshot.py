"""What portfolios add up to: value, exposure, P&L, Greeks, counts, coverage and caveats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from services.snapshots.calculations.carried import carried_prices
from services.snapshots.calculations.caveats import snapshot_caveats
from services.snapshots.calculations.closed import closed_positions
from services.snapshots.calculations.concentration import Concentration, portfolio_concentrations
from services.snapshots.calculations.layout import Layout, Objects, days
from services.snapshots.calculations.valuation import Valuations, position_valuations
from services.snapshots.inputs import CashFlow, PortfolioDay, SnapshotInputs
from shared.arrays import BoolArray, Columns, FloatArray, IntArray
from shared.caveats import Caveat, gathered
from shared.conventions import GREEKS

MEASURES = ("dollar", "notional", "delta_adjusted")
SIDES = ("long", "short", "gross", "net")
POSITION_TYPES = ("LONG", "SHORT", "LC", "SC", "LP", "SP")
EXPOSURE_DECIMALS = 2  # of the exposures in the JSON, like the positions' own


@dataclass(frozen=True)
class Snapshots:
    """One entry per snapshot due, in their order. Money is signed USD.

    Sums leave out what is not known; the coverages and `caveats` say how much that is. `daily_pnl`
    is NaN on a portfolio's first snapshot, and its parts 0. It is the sum of the open positions'
    P&L, of `closed_pnl`, earned by those gone since the previous one, and of the income and `fees`
    that were entered. By cause it is the P&L that the previous snapshot's holdings would have made
    until the session's close, and `trades_pnl` (see `Earnings`), `income` (dividends, interest,
    borrow fees) and `fees` (negative). `inflow` (not negative) and `outflow` (not positive) are
    what came in and left after the previous snapshot up to the session; `flows_to_date` is the sum
    of both since the beginning, on the first too. `exposures`: (snapshots, MEASURES, SIDES), short
    negative, long and gross positive. `greeks`: (snapshots, GREEKS), of the whole portfolio: a
    share of stock has delta 1; NaN when it holds options and none has Greeks. `counts`: (snapshots,
    POSITION_TYPES). `price_coverage`: share of gross notional exposure priced on the session itself
    (a position whose notional is not known weighs with its cost, an option with its strike).
    `greeks_coverage`: share of the options' gross notional that has Greeks. Both are 1 when there
    is nothing to cover. `concentrations`: by view.
    """

    valuations: Valuations
    market_value: FloatArray
    unrealised_pnl: FloatArray
    daily_pnl: FloatArray
    closed_pnl: FloatArray
    trades_pnl: FloatArray
    income: FloatArray
    fees: FloatArray
    inflow: FloatArray
    outflow: FloatArray
    flows_to_date: FloatArray
    exposures: FloatArray
    greeks: FloatArray
    counts: IntArray
    price_coverage: FloatArray
    greeks_coverage: FloatArray
    caveats: tuple[tuple[Caveat, ...], ...]
    concentrations: tuple[dict[str, Concentration | None], ...]

    @property
    def net_flow(self) -> FloatArray:
        """What came in after the previous snapshot up to the session less what left, USD."""
        return self.inflow + self.outflow

    def columns(self) -> Columns:
        """Of `portfolio_snapshots`, but for the warnings, which are the `caveats`."""
        plan = self.valuations.layout.inputs.plan
        return {
            "portfolio_id": [plan.portfolios[due.portfolio] for due in plan.due],
            "as_of": [due.session_date for due in plan.due],
            "previous_session": [due.previous for due in plan.due],
            "market_value": self.market_value,
            "daily_pnl": self.daily_pnl,
            "closed_pnl": self.closed_pnl,
            "trades_pnl": self.trades_pnl,
            "income": self.income,
            "fees": self.fees,
            "net_flow": self.net_flow,
            "inflow": self.inflow,
            "outflow": self.outflow,
            "flows_to_date": self.flows_to_date,
            "unrealised_pnl": self.unrealised_pnl,
            "exposures": [_by_measure(sums) for sums in self.exposures.tolist()],
            **{greek: self.greeks[:, place] for place, greek in enumerate(GREEKS)},
            "counts": [
                dict(zip(POSITION_TYPES, counts, strict=True)) for counts in self.counts.tolist()
            ],
            "price_coverage": self.price_coverage,
            "greeks_coverage": self.greeks_coverage,
            "carried": carried_prices(self.valuations),
            "closed": closed_positions(self.valuations),
        }

    def of_session(self, session_date: date) -> "SessionSnapshots":
        """Those of one session together."""
        due = self.valuations.layout.inputs.plan.due
        own = [place for place, each in enumerate(due) if each.session_date == session_date]
        return SessionSnapshots(
            snapshots=len(own),
            positions=int(self.counts[own].sum()),
            caveats=gathered(caveat for place in own for caveat in self.caveats[place]),
        )

    def concentrations_by_day(self) -> Mapping[PortfolioDay, Mapping[str, Concentration | None]]:
        """By portfolio and session, then by view."""
        due = self.valuations.layout.inputs.plan.due
        places = [(each.portfolio, each.session_date) for each in due]
        return dict(zip(places, self.concentrations, strict=True))


def _by_measure(exposures: Sequence[Sequence[float]]) -> dict[str, dict[str, float]]:
    return {
        measure: {
            side: round(usd, EXPOSURE_DECIMALS) for side, usd in zip(SIDES, sums, strict=True)
        }
        for measure, sums in zip(MEASURES, exposures, strict=True)
    }


@dataclass(frozen=True)
class SessionSnapshots:
    """How many snapshots one session has, of how many positions, and their caveats together."""

    snapshots: int
    positions: int
    caveats: tuple[Caveat, ...]


def portfolio_snapshots(inputs: SnapshotInputs) -> Snapshots:
    """Value every position and add up the snapshots that are due."""
    layout = Layout.of(inputs)
    valuations = position_valuations(layout)
    sums = _Sums(valuations.due, len(inputs.plan.due))
    is_option: BoolArray = layout.positions.is_option[valuations.position]
    options = valuations.active & is_option
    line_greeks = _line_greeks(valuations)
    with_greeks: BoolArray = np.logical_not(np.isnan(line_greeks).any(axis=1))
    weight = np.where(valuations.active, _weights(valuations), 0.0)
    priced = valuations.price_day == layout.session[valuations.due]
    income = _received(layout, inputs.income)
    fees = _received(layout, inputs.fees)
    pnl = sums.of(valuations.daily_pnl) + income + fees
    inflow, outflow = _flows(layout)
    return Snapshots(
        valuations=valuations,
        market_value=sums.of(valuations.market_value),
        unrealised_pnl=sums.of(valuations.unrealised_pnl),
        daily_pnl=np.where(np.isnat(layout.previous), np.nan, pnl),
        closed_pnl=sums.of(valuations.daily_pnl, ~valuations.active),
        trades_pnl=sums.of(valuations.earned.trades),
        income=sums.of(valuations.earned.income) + income,
        fees=fees,
        inflow=inflow,
        outflow=outflow,
        flows_to_date=_flows_to_date(layout),
        exposures=_exposures(sums, valuations),
        greeks=_portfolio_greeks(sums, line_greeks, options, with_greeks),
        counts=_counts(
            sums, layout.positions.position_type[valuations.position], valuations.active
        ),
        price_coverage=_share(sums, weight, priced),
        greeks_coverage=_share(sums, np.where(is_option, weight, 0.0), with_greeks),
        caveats=snapshot_caveats(valuations, options & ~with_greeks),
        concentrations=portfolio_concentrations(valuations),
    )


@dataclass(frozen=True)
class _Sums:
    """Sums over the lines of each snapshot, in the order of the lines, NaN counting as nothing."""

    due: IntArray
    snapshots: int

    def of(self, values: FloatArray, where: BoolArray | bool = True) -> FloatArray:
        counted = np.where(where & ~np.isnan(values), values, 0.0)
        return np.bincount(self.due, weights=counted, minlength=self.snapshots).astype(np.float64)


def _received(layout: Layout, entries: Sequence[CashFlow]) -> FloatArray:
    """What the entries of each snapshot due add up to; 0 on a portfolio's first."""
    if not entries:
        return np.zeros(len(layout.inputs.plan.due))
    amount = np.array([entry.amount for entry in entries])
    total: FloatArray = np.where(layout.within(entries), amount, 0.0).sum(axis=1)
    return total


def _flows(layout: Layout) -> tuple[FloatArray, FloatArray]:
    """What came in, and what left (negative)."""
    flows = layout.inputs.flows
    inflow = _received(layout, [flow for flow in flows if flow.amount > 0.0])
    return inflow, _received(layout, [flow for flow in flows if flow.amount < 0.0])


def _flows_to_date(layout: Layout) -> FloatArray:
    flows = layout.inputs.flows
    if not flows:
        return np.zeros(len(layout.inputs.plan.due))
    same = layout.portfolio[:, None] == np.array([flow.portfolio for flow in flows])
    known = same & (days([flow.day for flow in flows]) <= layout.session[:, None])
    amount = np.array([flow.amount for flow in flows])
    total: FloatArray = np.where(known, amount, 0.0).sum(axis=1)
    return total


def _exposures(sums: _Sums, valuations: Valuations) -> FloatArray:
    measures = (valuations.market_value, valuations.notional, valuations.delta_adjusted)
    return np.stack([_sides(sums, values) for values in measures], axis=1)


def _sides(sums: _Sums, values: FloatArray) -> FloatArray:
    long = sums.of(values, values > 0)
    short = sums.of(values, values < 0)
    return np.stack([long, short, long - short, long + short], axis=1)


def _line_greeks(valuations: Valuations) -> FloatArray:
    """The Greeks of each line, shape (lines, 5): stock has its shares as delta and nothing else."""
    layout = valuations.layout
    is_option = layout.positions.is_option[valuations.position]
    greeks = np.zeros((len(valuations.due), len(GREEKS)))
    greeks[:, 0] = np.where(valuations.active, valuations.quantity, 0.0)
    options = np.flatnonzero(is_option & valuations.active)
    for line in options.tolist():
        session_date = layout.inputs.plan.due[valuations.due[line]].session_date
        greeks[line] = layout.inputs.greeks.get((valuations.symbol[line], session_date), np.nan)
    greeks[options] *= valuations.quantity[options, None]
    greeks[options] *= layout.positions.multiplier[valuations.position[options], None]
    return greeks


def _portfolio_greeks(
    sums: _Sums, greeks: FloatArray, options: BoolArray, with_greeks: BoolArray
) -> FloatArray:
    held = sums.of(options.astype(np.float64))
    known = sums.of((options & with_greeks).astype(np.float64))
    totals = np.stack(
        [sums.of(greeks[:, column], with_greeks) for column in range(len(GREEKS))], axis=1
    )
    return np.where(((held > 0) & (known == 0))[:, None], np.nan, totals)


def _counts(sums: _Sums, position_type: Objects, active: BoolArray) -> IntArray:
    columns = [
        sums.of((active & (position_type == kind)).astype(np.float64)) for kind in POSITION_TYPES
    ]
    return np.stack(columns, axis=1).astype(np.int64)


def _weights(valuations: Valuations) -> FloatArray:
    """Gross notional USD of each line; where that is unknown the cost, or an option's strike."""
    held = valuations.layout.positions
    price = np.where(held.is_option, held.strike, held.entry_price)
    fallback = (price * held.quantity * held.multiplier)[valuations.position]
    return np.abs(np.where(np.isnan(valuations.notional), fallback, valuations.notional))


def _share(sums: _Sums, weight: FloatArray, where: BoolArray) -> FloatArray:
    total = sums.of(weight)
    covered = sums.of(weight, where)
    return np.divide(covered, total, out=np.ones(sums.snapshots), where=total > 0)

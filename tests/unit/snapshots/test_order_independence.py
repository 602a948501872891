"""In any order, repeated or restated, runs leave the tables of one ordered run over right data."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.snapshots.calculations.carried import CarriedPrice, carried_prices
from services.snapshots.calculations.schedule import snapshot_plan
from services.snapshots.calculations.snapshot import Snapshots, portfolio_snapshots
from services.snapshots.inputs import CashFlow, History
from tests.unit.snapshots.builders import (
    SESSIONS,
    Contract,
    Holding,
    Market,
    an_id,
    an_option,
    inputs,
    latest_close,
    latest_value,
)

TICKERS = ("AAPL", "GE", "MSFT")
CALL = "AAPL230120C00100000"
PORTFOLIOS = 2
EVERY_DAY = [date(2022, 6, 28), *SESSIONS, date(2022, 7, 4), date(2022, 7, 9)]

Row = tuple[Any, ...]
Prices = dict[tuple[str, date], float | None]


@dataclass
class House:
    """The tables in memory: `run` does what the handler does, with the data of its session."""

    holdings: Sequence[Holding]
    flows: Sequence[CashFlow]
    closes: dict[str, dict[date, float]] = field(default_factory=dict)
    contracts: dict[date, Contract] = field(default_factory=dict)
    snapshots: dict[tuple[int, date], Row] = field(default_factory=dict)
    carried: dict[tuple[int, date], list[CarriedPrice]] = field(default_factory=dict)
    valuations: dict[tuple[int, date, int], Row] = field(default_factory=dict)

    def run(self, as_of: date, prices: Prices) -> None:
        self._learn(as_of, prices)
        market = Market(self.closes, {CALL: self.contracts})
        due = snapshot_plan(as_of, self._history(as_of)).due
        self._replace(portfolio_snapshots(inputs(self.holdings, market, due, self.flows)))

    def _learn(self, as_of: date, prices: Prices) -> None:
        for ticker in TICKERS:
            self.closes.setdefault(ticker, {}).pop(as_of, None)
            if (close := prices[ticker, as_of]) is not None:
                self.closes[ticker][as_of] = close
        value = prices[CALL, as_of]
        self.contracts[as_of] = Contract(value, None if value is None else value / 100)

    def _history(self, as_of: date) -> History:
        stored = [
            sorted(day for owner, day in self.snapshots if owner == own)
            for own in range(PORTFOLIOS)
        ]
        kept = [
            (an_id(own), day)
            for own, days in enumerate(stored)
            for day in (
                *[day for day in days if day < as_of][-1:],
                *(day for day in days if day >= as_of),
            )
        ]
        return History.of([an_id(own) for own in range(PORTFOLIOS)], kept, self._outdated(as_of))

    def _outdated(self, as_of: date) -> set[date]:
        """Later sessions with a price of `as_of` or before that is no longer the last one known."""
        market = Market(self.closes, {CALL: self.contracts})
        return {
            session
            for (_, session), carried in self.carried.items()
            if session > as_of
            for each in carried
            for used, known in _prices_used_and_known(market, each, session)
            if (used[1] is None or used[1] <= as_of.isoformat()) and used != known
        }

    def _replace(self, taken: Snapshots) -> None:
        sessions = {due.session_date for due in taken.valuations.layout.inputs.plan.due}
        self.valuations = {
            key: row for key, row in self.valuations.items() if key[1] not in sessions
        }
        self.snapshots = {key: row for key, row in self.snapshots.items() if key[1] not in sessions}
        self.valuations.update(_valuation_rows(taken))
        self.snapshots.update(_snapshot_rows(taken))
        due = taken.valuations.layout.inputs.plan.due
        days = [(each.portfolio, each.session_date) for each in due]
        self.carried.update(zip(days, carried_prices(taken.valuations), strict=True))


def _prices_used_and_known(
    market: Market, carried: CarriedPrice, session: date
) -> list[tuple[Row, Row]]:
    """(price, its day) as stored and as known now, of a symbol and of what it is priced on."""
    symbol, underlying = carried["symbol"], carried["underlying"]
    assert symbol is not None
    assert underlying is not None
    own = latest_value if symbol == CALL else latest_close
    known = (own(market, symbol, session), latest_close(market, underlying, session))
    stored = (
        (carried["price"], carried["price_date"]),
        (carried["underlying_price"], carried["underlying_price_date"]),
    )
    return [
        (used, (f"{quote.price:.6f}", str(quote.price_day)) if quote else (None, None))
        for used, quote in zip(stored, known, strict=True)
    ]


def _price(price: float, day: np.datetime64) -> Row:
    return (None, None) if np.isnan(price) else (price, day.item())


def _valuation_rows(taken: Snapshots) -> dict[tuple[int, date, int], Row]:
    lines = taken.valuations
    rows = {}
    for line in np.flatnonzero(lines.active).tolist():
        due = lines.layout.inputs.plan.due[lines.due[line]]
        position = lines.layout.positions.position_id[lines.position[line]].int
        numbers = (lines.market_value, lines.daily_pnl, lines.notional, lines.delta_adjusted)
        own = _price(lines.price[line], lines.price_day[line])
        under = _price(lines.underlying_price[line], lines.underlying_price_day[line])
        rows[due.portfolio, due.session_date, position] = (
            own,
            under,
            *(repr(col[line]) for col in numbers),
        )
    return rows


def _snapshot_rows(taken: Snapshots) -> dict[tuple[int, date], Row]:
    columns = (
        taken.market_value,
        taken.daily_pnl,
        taken.closed_pnl,
        taken.trades_pnl,
        taken.net_flow,
        taken.inflow,
        taken.flows_to_date,
        taken.exposures,
        taken.price_coverage,
        taken.greeks_coverage,
        taken.counts,
    )
    return {
        (due.portfolio, due.session_date): (
            due.previous,
            taken.caveats[place],
            *(repr(column[place].tolist()) for column in columns),
        )
        for place, due in enumerate(taken.valuations.layout.inputs.plan.due)
    }


def ordered_run(
    holdings: Sequence[Holding],
    flows: Sequence[CashFlow],
    sessions: set[date],
    prices: Prices,
) -> House:
    house = House(holdings, flows)
    for session in sorted(sessions):
        house.run(session, prices)
    return house


amounts = st.integers(1, 20_000).map(lambda cents: cents / 100)
quantities = st.integers(-500, 500).filter(bool).map(float)


@st.composite
def holdings(draw: st.DrawFn) -> Holding:
    entry, exit_ = sorted(draw(st.tuples(st.sampled_from(EVERY_DAY), st.sampled_from(EVERY_DAY))))
    terms: dict[str, Any] = {
        "quantity": draw(quantities),
        "entry_price": draw(amounts),
        "entry_date": entry,
        "portfolio": draw(st.integers(0, PORTFOLIOS - 1)),
    }
    if draw(st.booleans()):
        terms |= {"exit_date": exit_, "exit_price": draw(st.none() | amounts)}
    ticker = draw(st.sampled_from((*TICKERS, CALL)))
    return an_option(CALL, **terms) if ticker == CALL else Holding(ticker, **terms)


@st.composite
def lots(draw: st.DrawFn) -> list[Holding]:
    """A lot, or one of which a part was sold on its exit."""
    whole = draw(holdings())
    if whole.exit_date is None or draw(st.booleans()):
        return [whole]
    begun: dict[str, Any] = {"held_from": whole.exit_date, "from_price": whole.exit_price}
    rest = replace(whole, quantity=whole.quantity / 2, exit_date=None, exit_price=None)
    return [whole, replace(rest, **begun)]


books = st.lists(lots(), max_size=5).map(
    lambda lots: [replace(span, lot=lot) for lot, spans in enumerate(lots) for span in spans]
)
cash_flows = st.lists(
    st.builds(CashFlow, st.integers(0, PORTFOLIOS - 1), st.sampled_from(EVERY_DAY), amounts),
    max_size=3,
)
prices_of_all = st.fixed_dictionaries(
    {(name, day): st.none() | amounts for name in (*TICKERS, CALL) for day in SESSIONS}
)
orders = st.lists(st.sampled_from(SESSIONS), min_size=1, max_size=12)


@given(books, cash_flows, prices_of_all, orders)
@settings(max_examples=100, deadline=None)
def test_any_order_with_repetitions_gives_the_tables_of_one_ordered_run(
    book: list[Holding], flows: list[CashFlow], prices: Prices, order: list[date]
) -> None:
    house = House(book, flows)

    for session in order:
        house.run(session, prices)

    expected = ordered_run(book, flows, set(order), prices)
    assert house.snapshots == expected.snapshots
    assert house.valuations == expected.valuations


@given(books, cash_flows, prices_of_all, orders, prices_of_all, st.data())
@settings(max_examples=100, deadline=None)
def test_restated_session_gives_the_tables_of_one_run_over_the_right_data(
    book: list[Holding],
    flows: list[CashFlow],
    prices: Prices,
    order: list[date],
    restated: Prices,
    data: st.DataObject,
) -> None:
    house = House(book, flows)
    for session in order:
        house.run(session, prices)
    wrong = data.draw(st.sampled_from(order))
    right: Prices = {
        **prices,
        **{(name, day): restated[name, day] for name, day in prices if day == wrong},
    }

    house.run(wrong, right)

    expected = ordered_run(book, flows, set(order), right)
    assert house.snapshots == expected.snapshots
    assert house.valuations == expected.valuations


@given(books, cash_flows, prices_of_all, st.sets(st.sampled_from(SESSIONS), min_size=2))
@settings(max_examples=100, deadline=None)
def test_pnl_telescopes_over_any_set_of_sessions(
    book: list[Holding], flows: list[CashFlow], prices: Prices, sessions: set[date]
) -> None:
    known: Prices = {key: 50.0 if close is None else close for key, close in prices.items()}
    unpriced = {held.lot for held in book if held.exit_date and held.exit_price is None}
    priced = [
        Holding(portfolio=held.portfolio, lot=held.lot) if held.lot in unpriced else held
        for held in book
        if held.lot not in unpriced or held.held_from is None
    ]
    house = ordered_run(priced, flows, set(SESSIONS), known)
    sparse = ordered_run(priced, flows, {SESSIONS[0], SESSIONS[-1]} | sessions, known)

    for portfolio in range(PORTFOLIOS):
        assert abs(_earned(house, portfolio) - _earned(sparse, portfolio)) < 1e-5


def _earned(house: House, portfolio: int) -> float:
    pnl = [float(row[3]) for (owner, _), row in house.snapshots.items() if owner == portfolio]
    return float(np.nansum(pnl))

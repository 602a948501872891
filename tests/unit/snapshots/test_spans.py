"""Lots closed in parts, income and trades: whose P&L it is, and that it adds up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.snapshots.calculations.metrics import cents
from services.snapshots.calculations.snapshot import Snapshots, portfolio_snapshots
from services.snapshots.inputs import CashFlow, Dividend, DueSnapshot
from tests.unit.snapshots.builders import (
    FRIDAY,
    LONG_AGO,
    SESSIONS,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    Contract,
    Holding,
    Market,
    an_id,
    an_option,
    closes,
    inputs,
    latest_close,
    latest_value,
    snapshot,
)

CALL = "AAPL230120C00100000"
RISING = Market(closes(tuesday=100, wednesday=103))


def a_part_sold(sold_at: float | None = 102, until: date = WEDNESDAY) -> list[Holding]:
    """100 shares bought at 90, of which 40 are sold."""
    whole = Holding(lot=0, exit_date=until, exit_price=sold_at)
    return [whole, replace(rest_of(whole), quantity=60)]


def rest_of(span: Holding, **terms: Any) -> Holding:
    """What is held after the span, at the price that it ended at."""
    begun = {"held_from": span.exit_date, "from_price": span.exit_price}
    return replace(span, **{**begun, "exit_date": None, "exit_price": None, **terms})


def rows(taken: Snapshots) -> dict[int, float]:
    """Daily P&L by position."""
    lines = taken.valuations
    held = lines.layout.positions.position_id[lines.position[lines.active]].tolist()
    pnl = lines.daily_pnl[lines.active].tolist()
    return {position.int: earned for position, earned in zip(held, pnl, strict=True)}


def test_part_of_a_lot_sold_counts_for_the_position_that_is_left() -> None:
    taken = snapshot(a_part_sold(), RISING)

    assert rows(taken) == {0: 40 * (102 - 100) + 60 * (103 - 100)}
    assert taken.daily_pnl.tolist() == [260.0]
    assert taken.closed_pnl.tolist() == [0.0]


def test_cost_of_what_is_left_is_the_lots() -> None:
    lines = snapshot(a_part_sold(), RISING).valuations

    assert lines.cost[lines.active].tolist() == [60 * 90]
    assert lines.unrealised_pnl[lines.active].tolist() == [60 * 13]
    assert len(lines.columns()["position_id"]) == 1


def test_lot_sold_in_two_parts_since_the_snapshot_before_is_closed() -> None:
    first, second = a_part_sold()
    gone = replace(second, exit_date=THURSDAY, exit_price=105)

    taken = snapshot([first, gone], Market(closes(tuesday=100, thursday=104)), THURSDAY, TUESDAY)

    assert rows(taken) == {}
    assert taken.closed_pnl.tolist() == [40 * (102 - 100) + 60 * (105 - 100)]


def test_next_session_knows_only_what_is_left() -> None:
    market = Market(closes(wednesday=103, thursday=104))

    taken = snapshot(a_part_sold(), market, THURSDAY, WEDNESDAY)

    assert rows(taken) == {0: 60.0}


def test_sale_away_from_the_close_is_what_it_gained_over_the_close() -> None:
    taken = snapshot(a_part_sold(sold_at=102), RISING)

    assert taken.trades_pnl.tolist() == [40 * (102 - 103)]


@pytest.mark.parametrize("quantity", [100, -100])
def test_trades_at_the_close_gain_nothing(quantity: float) -> None:
    sold = Holding(quantity=quantity, exit_date=WEDNESDAY, exit_price=103)
    bought = Holding(quantity=quantity, entry_date=WEDNESDAY, entry_price=103)

    taken = snapshot([sold, bought], RISING)

    assert taken.trades_pnl.tolist() == [0.0]
    assert taken.daily_pnl.tolist() == [3 * quantity]


def test_purchase_and_day_trade_are_all_trading() -> None:
    bought = Holding(quantity=10, entry_date=WEDNESDAY, entry_price=101)
    day_trade = Holding(
        entry_date=WEDNESDAY, entry_price=101, exit_date=WEDNESDAY, exit_price=101.5
    )

    taken = snapshot([bought, day_trade], RISING)

    assert taken.trades_pnl.tolist() == [20.0 + 50.0]
    assert taken.daily_pnl.tolist() == [70.0]


def test_exercise_is_no_gain_by_trading() -> None:
    """A call on 100 shares ends without cash, and the shares are bought at its strike of 100."""
    call = an_option(CALL, exit_date=WEDNESDAY, exit_price=0)
    shares = Holding(entry_date=WEDNESDAY, entry_price=100)
    values = {TUESDAY: Contract(2.5, 0.6), WEDNESDAY: Contract(3.0, 0.0, "intrinsic")}

    taken = snapshot([call, shares], Market(RISING.closes, {CALL: values}))

    assert taken.daily_pnl.tolist() == [50.0]
    assert taken.trades_pnl.tolist() == [0.0]


def test_price_unknown_before_counts_from_the_entry_price_and_is_named() -> None:
    taken = snapshot([Holding(quantity=10, entry_price=90)], Market(closes(wednesday=103)))

    assert taken.daily_pnl.tolist() == [130.0]
    assert [(each.code, each.about) for each in taken.caveats[0]] == [
        ("pnl_since_entry", ("AAPL",))
    ]


def test_base_unknown_altogether_is_left_out_and_named() -> None:
    part = Holding(lot=0, held_from=LONG_AGO, from_price=None)

    taken = snapshot([part], Market(closes(wednesday=103)))

    assert np.isnan(taken.valuations.daily_pnl).all()
    assert taken.daily_pnl.tolist() == [0.0]
    assert [each.code for each in taken.caveats[0]] == ["pnl_missing"]


@pytest.mark.parametrize("quantity", [100, -100])
def test_dividend_on_its_ex_date_makes_up_for_the_fall(quantity: float) -> None:
    """Case f05: a dividend of 10 on the ex-date, price 100 to 90: 0 long and 0 short."""
    fallen = Market(closes(tuesday=100, wednesday=90))
    due = [Dividend(an_id(0), 0, WEDNESDAY, 10.0 * quantity)]

    taken = snapshot([Holding(quantity=quantity)], fallen, dividends=due)

    assert rows(taken) == {0: 0.0}
    assert taken.daily_pnl.tolist() == [0.0]
    assert taken.income.tolist() == [10.0 * quantity]
    assert list(taken.valuations.columns()["income"]) == [10.0 * quantity]


def test_dividend_of_a_lot_sold_on_the_ex_date_is_with_the_closed() -> None:
    sold = Holding(exit_date=WEDNESDAY, exit_price=91)
    due = [Dividend(an_id(0), 0, WEDNESDAY, 1_000.0)]

    taken = snapshot([sold], Market(closes(tuesday=100, wednesday=90)), dividends=due)

    assert taken.closed_pnl.tolist() == [1_000.0 - 900.0]
    assert (taken.income.tolist(), taken.trades_pnl.tolist()) == ([1_000.0], [100.0])


def test_dividend_of_a_position_without_a_price_counts() -> None:
    due = [Dividend(an_id(0), 0, WEDNESDAY, 12.5)]

    taken = snapshot([Holding("NONE")], Market(), dividends=due)

    assert rows(taken) == {0: 12.5}


def test_dividends_outside_of_the_span_and_on_the_first_snapshot_do_not_count() -> None:
    due = [Dividend(an_id(0), 0, TUESDAY, 5.0), Dividend(an_id(0), 0, THURSDAY, 7.0)]

    assert snapshot([Holding()], RISING, dividends=due).income.tolist() == [0.0]
    first = snapshot([Holding()], RISING, TUESDAY, None, dividends=due)
    assert first.income.tolist() == [0.0]
    assert np.isnan(first.daily_pnl).all()


def test_income_and_fees_entered_are_the_portfolios() -> None:
    holiday = date(2022, 7, 4)

    taken = snapshot(
        [Holding(quantity=10)],
        Market(closes(friday=100, tuesday=101)),
        TUESDAY,
        FRIDAY,
        income=[CashFlow(0, holiday, 30.0), CashFlow(0, TUESDAY, -4.0), CashFlow(0, FRIDAY, 9.0)],
        fees=[CashFlow(0, TUESDAY, -1.5)],
    )

    assert rows(taken) == {0: 10.0}
    assert (taken.income.tolist(), taken.fees.tolist()) == ([26.0], [-1.5])
    assert taken.daily_pnl.tolist() == [10.0 + 26.0 - 1.5]
    assert taken.closed_pnl.tolist() == [0.0]


def test_flows_are_counted_apart_and_to_date() -> None:
    flows = [
        CashFlow(0, LONG_AGO, 1_000.0),
        CashFlow(0, WEDNESDAY, 500.0),
        CashFlow(0, WEDNESDAY, -200.0),
        CashFlow(0, THURSDAY, 50.0),
    ]

    taken = snapshot([], Market(), flows=flows)

    assert (taken.inflow.tolist(), taken.outflow.tolist()) == ([500.0], [-200.0])
    assert (taken.net_flow.tolist(), taken.flows_to_date.tolist()) == ([300.0], [1_300.0])
    first = snapshot([], Market(), TUESDAY, None, flows=flows)
    assert (first.net_flow.tolist(), first.flows_to_date.tolist()) == ([0.0], [1_000.0])


# --- any spans, prices and sessions ---

SYMBOLS = ("AAPL", "GE", CALL)
EVERY_DAY = [date(2022, 6, 29) + timedelta(days=each) for each in range(14)]
prices = st.integers(1, 50_000).map(lambda cents: cents / 100)


@st.composite
def a_lot(draw: st.DrawFn) -> list[Holding]:
    """A lot that is closed in up to three parts; its spans end and begin at any prices."""
    symbol = draw(st.sampled_from(SYMBOLS))
    terms: dict[str, Any] = {}
    if symbol == CALL:
        terms = {"option_type": "C", "underlying": "AAPL"}
    cuts = sorted(draw(st.sets(st.sampled_from(EVERY_DAY), min_size=1, max_size=4)))
    quantity = draw(st.integers(-500, 500).filter(bool))
    whole = Holding(symbol, quantity, entry_price=draw(prices), entry_date=cuts[0], **terms)
    spans = [replace(whole, held_from=cuts[0], from_price=whole.entry_price)]
    for cut in cuts[1:]:
        spans[-1] = replace(spans[-1], exit_date=cut, exit_price=draw(prices))
        begun = {"quantity": spans[-1].quantity / 2, "from_price": draw(prices)}
        spans.append(rest_of(spans[-1], **begun))
    return spans if draw(st.booleans()) else spans[: max(1, len(spans) - 1)]


@st.composite
def a_book(draw: st.DrawFn) -> list[Holding]:
    lots = draw(st.lists(a_lot(), max_size=5))
    return [replace(span, lot=lot) for lot, spans in enumerate(lots) for span in spans]


@st.composite
def a_market(draw: st.DrawFn) -> Market:
    known = {
        symbol: {day: draw(prices) for day in SESSIONS if draw(st.booleans())} for symbol in SYMBOLS
    }
    values = {day: Contract(price, 0.5) for day, price in known.pop(CALL).items()}
    return Market(known, {CALL: values})


amounts = st.integers(-10_000, 10_000).map(lambda cents: cents / 100)
entries = st.lists(st.builds(CashFlow, st.just(0), st.sampled_from(EVERY_DAY), amounts), max_size=4)
dividends = st.lists(
    st.builds(
        Dividend, st.integers(0, 4).map(an_id), st.just(0), st.sampled_from(EVERY_DAY), amounts
    ),
    max_size=4,
)


def _due_to_holders(book: Sequence[Holding], due: Sequence[Dividend]) -> list[Dividend]:
    """Those of positions held on the eve."""
    eve = timedelta(days=1)
    return [
        each
        for each in due
        for span in book
        if span.lot == each.position_id.int
        and (span.held_from or span.entry_date) <= each.ex_date - eve
        and (span.exit_date is None or span.exit_date > each.ex_date - eve)
    ]


@dataclass(frozen=True)
class History:
    """A portfolio, its market, and what was entered for it, on any days."""

    book: list[Holding]
    market: Market
    entered: Mapping[str, list[CashFlow]]
    dividends: list[Dividend]

    def snapshots(self, on: Sequence[date]) -> Snapshots:
        """Those of these sessions, ascending, with all that is known."""
        spans = [(None, on[0]), *pairwise(on)]
        due = [DueSnapshot(0, day, before) for before, day in spans]
        return portfolio_snapshots(
            inputs(self.book, self.market, due, **self.entered, dividends=self.dividends)
        )


@st.composite
def a_history(draw: st.DrawFn) -> History:
    book = draw(a_book())
    entered = {kind: draw(entries) for kind in ("flows", "income", "fees")}
    return History(book, draw(a_market()), entered, _due_to_holders(book, draw(dividends)))


ENDS = (SESSIONS[0], SESSIONS[-1])
any_sessions = st.sets(st.sampled_from(SESSIONS)).map(lambda some: sorted({*ENDS, *some}))


@given(a_history(), any_sessions)
@settings(max_examples=200, deadline=None)
def test_pnl_income_and_flows_do_not_depend_on_the_sessions_between(
    history: History, on: list[date]
) -> None:
    direct = history.snapshots(ENDS)
    stepwise = history.snapshots(on)

    for name in ("daily_pnl", "income", "fees", "inflow", "outflow"):
        one, other = getattr(direct, name), getattr(stepwise, name)
        assert np.nansum(one) == pytest.approx(np.nansum(other), abs=1e-4)
    assert direct.flows_to_date[-1] == pytest.approx(stepwise.flows_to_date[-1], abs=1e-6)


@given(a_history(), any_sessions)
@settings(max_examples=200, deadline=None)
def test_positions_and_causes_both_add_up_to_the_pnl(history: History, on: list[date]) -> None:
    taken = history.snapshots(on)

    lines = taken.valuations
    for place, (before, day) in enumerate(pairwise(on), start=1):
        own = lines.active & (lines.due == place)
        income = history.entered["income"]
        entered = sum(each.amount for each in income if before < each.day <= day)
        by_position = np.nansum(lines.daily_pnl[own]) + taken.closed_pnl[place]
        assert by_position + entered + taken.fees[place] == pytest.approx(
            taken.daily_pnl[place], abs=2e-6
        )
        kept = sum(_had_it_been_held(span, history.market, before, day) for span in history.book)
        others = taken.trades_pnl[place] + taken.income[place] + taken.fees[place]
        assert kept + others == pytest.approx(taken.daily_pnl[place], abs=1e-4)


def _had_it_been_held(span: Holding, market: Market, before: date, day: date) -> float:
    """P&L of a span held at `before`, held on to the close of `day` or the last price known."""
    begun = span.held_from or span.entry_date
    if begun > before or (span.exit_date is not None and span.exit_date <= before):
        return 0.0
    known = latest_value if span.option_type else latest_close
    start = known(market, span.symbol, before)
    end = known(market, span.symbol, day)
    base = start.price if start and start.price is not None else span.from_price
    if base is None or end is None or end.price is None:
        return 0.0
    size = span.quantity * (100.0 if span.option_type else 1.0)
    value, value_before = cents(np.array([size * end.price, size * base])).tolist()
    return float(value - value_before)

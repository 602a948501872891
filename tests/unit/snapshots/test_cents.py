"""The cash of a line is rounded to the cent once; everything after it adds up to the cent."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.books.ledger import (
    Instrument,
    Kind,
    Ledger,
    Lot,
    LotMethod,
    Market,
    Trade,
    cash_moved,
    cents,
    derived,
)
from services.gateway.books.lot_rows import lot_row, span_rows
from services.gateway.books.statements.lots import shown_lot, totals
from services.snapshots.calculations.metrics import cents as float_cents
from services.snapshots.calculations.snapshot import Snapshots, portfolio_snapshots
from services.snapshots.inputs import DueSnapshot, HeldPosition, Plan, Quote, SnapshotInputs

BOOK = UUID(int=1)
DAYS = [date(2022, 7, 1) + timedelta(days=each) for each in range(8)]
FIRST = DAYS[0] - timedelta(days=1)
STOCK = Instrument("AAPL", "AAPL")


def prices() -> st.SearchStrategy[Decimal]:
    """Prices with fractions of a cent, as brokers average fills."""
    return st.integers(1, 500_000_000).map(lambda micro: Decimal(micro) / 10**6)


@st.composite
def trades(draw: st.DrawFn) -> list[Trade]:
    """Purchases and sales of any size at any prices, on any of the days."""
    kinds = st.sampled_from([Kind.BUY, Kind.SELL, Kind.SELL_SHORT, Kind.BUY_TO_COVER])
    drawn = draw(
        st.lists(
            st.tuples(kinds, st.sampled_from(DAYS), st.integers(1, 9_000_000), prices()),
            min_size=1,
            max_size=8,
        )
    )
    return [
        Trade(
            uuid4(),
            kind,
            day,
            STOCK,
            Decimal(thousandths if kind in (Kind.BUY, Kind.BUY_TO_COVER) else -thousandths) / 1000,
            price,
            day,
        )
        for kind, day, thousandths, price in drawn
    ]


def held(ledger: Ledger) -> list[HeldPosition]:
    """What the calculators read of the lots: the rows that the gateway stores and publishes."""
    return [each for lot in ledger.lots for each in _spans(lot)]


def _spans(lot: Lot) -> list[HeldPosition]:
    row = lot_row(BOOK, lot)
    whole = (row.entry_date, row.quantity, row.entry_price, row.exit_date, row.exit_price)
    parts = [
        (span.held_from, span.quantity, span.from_price, span.held_until, span.until_price)
        for span in span_rows(BOOK, lot)
    ]
    return [
        HeldPosition(
            position_id=lot.lot_id,
            portfolio_id=BOOK,
            symbol=row.symbol,
            underlying=row.underlying,
            option_type=None,
            multiplier=1.0,
            strike=None,
            quantity=float(quantity),
            entry_price=float(row.entry_price),
            held_from=begun,
            from_price=None if from_price is None else float(from_price),
            held_until=ended,
            until_price=None if until_price is None else float(until_price),
            sector=None,
        )
        for begun, quantity, from_price, ended, until_price in parts or [whole]
    ]


def taken(ledger: Ledger, closes: Sequence[Decimal]) -> Snapshots:
    """A snapshot of every day."""
    days = [FIRST, *DAYS]
    due = [DueSnapshot(0, FIRST, None), *(DueSnapshot(0, day, eve) for eve, day in pairwise(days))]
    quotes = [
        Quote("AAPL", day, float(close), day, "close")
        for day, close in zip(days, [closes[0], *closes], strict=True)
    ]
    return portfolio_snapshots(SnapshotInputs(Plan((BOOK,), tuple(due)), held(ledger), quotes))


def dollars(value: float) -> Decimal:
    """A stored sum of money; it has no fraction of a cent."""
    found = Decimal(f"{value:.6f}")
    assert found == round(found, 2)
    return found


@given(trades(), st.lists(prices(), min_size=8, max_size=8), st.sampled_from(LotMethod))
@settings(max_examples=150, deadline=None)
def test_nav_is_the_cash_of_the_lines_and_what_is_held_on_every_day(
    traded: list[Trade], closes: list[Decimal], method: LotMethod
) -> None:
    ledger = derived(traded, Market(DAYS[-1]), method)

    snapshots = taken(ledger, closes)

    nav = Decimal(0)
    for place, day in enumerate(DAYS, start=1):
        nav += dollars(snapshots.daily_pnl[place])
        cash = sum(
            (
                cash_moved(trade.quantity, 1, trade.price)
                for trade in traded
                if trade.trade_date <= day and trade.price is not None
            ),
            Decimal(0),
        )
        assert nav == cash + dollars(snapshots.market_value[place])
        lines = snapshots.valuations
        own = (lines.due == place) & lines.active
        parts = [dollars(value) for value in lines.market_value[own].tolist()]
        assert sum(parts, Decimal(0)) == dollars(snapshots.market_value[place])
        earned = [dollars(value) for value in lines.daily_pnl[own].tolist()]
        closed = dollars(snapshots.closed_pnl[place])
        assert sum(earned, closed) == dollars(snapshots.daily_pnl[place])


@given(trades(), st.lists(prices(), min_size=8, max_size=8))
@settings(max_examples=100, deadline=None)
def test_realised_and_unrealised_add_up_to_what_was_earned(
    traded: list[Trade], closes: list[Decimal]
) -> None:
    ledger = derived(traded, Market(DAYS[-1]))

    snapshots = taken(ledger, closes)

    earned = sum((dollars(pnl) for pnl in snapshots.daily_pnl[1:].tolist()), Decimal(0))
    realised = totals([shown_lot(lot, None, DAYS[-1]) for lot in ledger.lots]).realised_pnl
    assert realised + dollars(snapshots.unrealised_pnl[-1]) == earned


@given(st.integers(-(10**9), 10**9))
def test_floats_and_decimals_are_rounded_alike(thousandths: int) -> None:
    found = float_cents(np.array([thousandths / 1000]))

    assert found.tolist() == [float(cents(Decimal(thousandths) / 1000))]


def test_a_sale_of_several_lots_moves_the_cash_of_its_line() -> None:
    def trade(kind: Kind, quantity: str, price: str) -> Trade:
        return Trade(uuid4(), kind, DAYS[0], STOCK, Decimal(quantity), Decimal(price), DAYS[0])

    third = Decimal("33.333333")
    bought = [trade(Kind.BUY, "1", price) for price in ("10", "11", "12")]

    ledger = derived([*bought, trade(Kind.SELL, "-3", str(third))], Market(DAYS[-1]))

    moved = [lot.movements[1].cash for lot in ledger.lots]
    assert sum(cash or 0 for cash in moved) == cents(third * 3) == 100
    assert sorted(cash or Decimal(0) for cash in moved) == [
        Decimal("33.33"),
        Decimal("33.33"),
        Decimal("33.34"),
    ]


@pytest.mark.parametrize(("usd", "rounded"), [("0.125", "0.13"), ("-1.005", "-1.01"), ("2", "2")])
def test_half_a_cent_is_rounded_away_from_zero(usd: str, rounded: str) -> None:
    assert cents(Decimal(usd)) == Decimal(rounded)

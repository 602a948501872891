"""Lots, movements and settlements as they derive from trades."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.books.ledger import (
    Instrument,
    Kind,
    Ledger,
    Lot,
    LotMethod,
    Market,
    Split,
    Trade,
    cents,
    derived,
)

D = Decimal
START = date(2022, 10, 3)
CALL = Instrument(
    "AAPL221118C00100000",
    "AAPL",
    100,
    "C",
    Decimal(100),
    date(2022, 11, 18),
    "OPTIONS",
)
PUT = replace(CALL, symbol="AAPL221118P00100000", option_type="P")
STOCK = Instrument("AAPL", "AAPL")
EXPIRY = date(2022, 11, 18)


def a_trade(
    kind: str,
    day: date = START,
    quantity: float = 100,
    price: float | None = 100,
    instrument: Instrument = STOCK,
    stated_on: date | None = None,
    lot_id: UUID | None = None,
    lot_method: LotMethod | None = None,
) -> Trade:
    """A trade of AAPL, in the shares of the day it was made."""
    return Trade(
        uuid4(),
        Kind(kind),
        day,
        instrument,
        Decimal(str(quantity)),
        None if price is None else Decimal(str(price)),
        stated_on or day,
        lot_id,
        lot_method,
    )


def a_market(**known: object) -> Market:
    """Nothing is known but what is given, up to the end of 2022."""
    return Market(as_of=date(2022, 12, 28), **known)  # type: ignore[arg-type]


def settled_at(price: float) -> Market:
    """AAPL closed at that price on the last session of the options."""
    return a_market(settlements={("AAPL", EXPIRY): Decimal(str(price))})


def remaining(ledger: Ledger) -> dict[str, list[Decimal]]:
    """What is left of each lot, by symbol."""
    found: dict[str, list[Decimal]] = {}
    for lot in ledger.lots:
        left = sum((movement.quantity for movement in lot.movements), Decimal(0))
        if left:
            found.setdefault(lot.instrument.symbol, []).append(left)
    return found


def day(number: int) -> date:
    """So many days after the start."""
    return START + timedelta(days=number)


# --- lots ---


def test_a_sale_of_a_part_leaves_the_rest_at_its_cost() -> None:
    ledger = derived(
        [a_trade("buy", quantity=100, price=90), a_trade("sell", day(7), -30, 99)], a_market()
    )

    (lot,) = ledger.lots
    assert (lot.entry_price, lot.closed_on) == (D(90), None)
    assert [(span.held_from, span.held_until, span.quantity) for span in lot.spans] == [
        (day(0), day(7), D(100)),
        (day(7), None, D(70)),
    ]
    assert lot.movements[1].cash == 30 * 99


@pytest.mark.parametrize(
    ("method", "closed"),
    [(LotMethod.FIFO, 90), (LotMethod.LIFO, 95), (LotMethod.HIGHEST_COST, 120)],
)
def test_the_method_says_which_lot_is_closed_first(method: LotMethod, closed: int) -> None:
    bought = [a_trade("buy", day(n), 10, price) for n, price in enumerate((90, 120, 95))]

    ledger = derived([*bought, a_trade("sell", day(9), -10, 100)], a_market(), method)

    assert [lot.entry_price for lot in ledger.lots if lot.closed_on] == [closed]


def test_a_trade_may_name_its_own_method() -> None:
    bought = [a_trade("buy", day(n), 10, price) for n, price in enumerate((90, 120, 95))]
    sold = a_trade("sell", day(9), -10, 100, lot_method=LotMethod.LIFO)

    ledger = derived([*bought, sold], a_market())

    assert [lot.entry_price for lot in ledger.lots if lot.closed_on] == [95]


def test_a_named_lot_is_the_only_one_closed() -> None:
    lots = [uuid4(), uuid4()]
    bought = [a_trade("opening", day(n), 10, 90, lot_id=lot) for n, lot in enumerate(lots)]

    ledger = derived([*bought, a_trade("sell", day(9), -10, 100, lot_id=lots[1])], a_market())

    assert [lot.lot_id for lot in ledger.lots if lot.closed_on] == [lots[1]]


def test_several_lots_of_one_day_are_several_lots() -> None:
    ledger = derived([a_trade("buy", price=151.25), a_trade("buy", price=152)], a_market())

    assert {lot.entry_price for lot in ledger.lots} == {Decimal("151.25"), 152}


def test_what_is_sold_and_bought_again_on_a_day_is_another_lot() -> None:
    first = a_trade("buy", day(0), 100, 100)
    ledger = derived(
        [first, a_trade("sell", day(5), -100, 110), a_trade("buy", day(5), 100, 108)], a_market()
    )

    assert [(lot.entry_price, lot.closed_on) for lot in ledger.lots] == [
        (D(100), day(5)),
        (D(108), None),
    ]


def test_a_sale_of_more_than_is_held_opens_a_short_lot_and_says_so() -> None:
    sold = a_trade("sell", day(5), -80, 216.5)

    ledger = derived([a_trade("buy", quantity=30), sold], a_market())

    assert remaining(ledger) == {"AAPL": [Decimal(-50)]}
    assert [(e.transaction_id, e.quantity) for e in ledger.excesses] == [
        (sold.transaction_id, D(-50))
    ]


def test_a_short_sale_leaves_what_is_held_long() -> None:
    ledger = derived([a_trade("buy"), a_trade("sell_short", day(2), -40)], a_market())

    assert remaining(ledger) == {"AAPL": [100, -40]}
    assert not ledger.excesses


def test_an_exit_without_a_price_leaves_its_price_unknown() -> None:
    ledger = derived([a_trade("buy"), a_trade("sell", day(3), -100, None)], a_market())

    (lot,) = ledger.lots
    assert (lot.closed_on, lot.exit_price, lot.spans[0].until_price) == (day(3), None, None)


def test_a_day_trade_is_held_over_its_day_and_keeps_its_cash() -> None:
    ledger = derived([a_trade("buy", price=100), a_trade("sell", day(0), -100, 103)], a_market())

    (lot,) = ledger.lots
    assert lot.is_simple
    assert [(span.held_from, span.held_until) for span in lot.spans] == [(START, START)]
    assert sum(movement.cash or 0 for movement in lot.movements) == 300


# --- splits ---

FOUR_FOR_ONE = {"AAPL": [Split(day(10), Decimal(4))]}


def test_shares_after_a_split_close_a_lot_bought_before_it() -> None:
    ledger = derived(
        [a_trade("buy", day(0), 100, 400), a_trade("sell", day(20), -100, 110)],
        a_market(splits=FOUR_FOR_ONE),
    )

    (lot,) = ledger.lots
    assert [movement.quantity for movement in lot.movements] == [100, -25]
    assert (lot.movements[1].price, lot.movements[1].cash) == (D(440), D(11_000))


def test_a_third_of_a_share_is_a_third() -> None:
    reverse = {"AAPL": [Split(day(10), Decimal("0.33333333"))]}
    ledger = derived(
        [a_trade("buy", day(0), 300, 10), a_trade("sell", day(20), -100, 33)],
        a_market(splits=reverse),
    )

    assert remaining(ledger) == {}


def test_a_contract_is_the_same_one_before_and_after_a_split() -> None:
    after = replace(CALL, symbol="AAPL221118C00025000", strike=Decimal(25))
    ledger = derived(
        [
            a_trade("buy", day(0), 1, 20, CALL),
            a_trade("sell", day(20), -4, 6, after),
        ],
        a_market(splits=FOUR_FOR_ONE),
    )

    (lot,) = ledger.lots
    assert lot.closed_on == day(20)
    assert lot.movements[1].cash == 4 * 100 * 6


@pytest.mark.parametrize(
    ("ratio", "listed"), [(3, "33.33"), (3, "33.333"), (7, "14.29"), ("1.5", "66.67")]
)
def test_a_strike_that_a_split_made_uneven_is_the_one_listed(ratio: object, listed: str) -> None:
    split = {"AAPL": [Split(day(10), Decimal(str(ratio)))]}
    after = replace(CALL, symbol="AAPL221118C-rounded", strike=Decimal(listed))
    sold = a_trade("sell", day(20), -2 * float(str(ratio)), 6, after)

    ledger = derived([a_trade("buy", day(0), 2, 20, CALL), sold], a_market(splits=split))

    assert [lot.closed_on for lot in ledger.lots] == [day(20)]
    assert ledger.excesses == []


def test_two_contracts_of_one_day_are_never_put_together() -> None:
    low = replace(CALL, symbol="AAPL221118C00033330", strike=D("33.33"))
    high = replace(CALL, symbol="AAPL221118C00033333", strike=D("33.333"))
    split = {"AAPL": [Split(day(10), D(3))]}

    ledger = derived(
        [a_trade("buy", day(20), 1, 1, low), a_trade("sell", day(25), -1, 1, high)],
        a_market(splits=split),
    )

    assert remaining(ledger) == {low.symbol: [1], high.symbol: [-1]}


# --- expiry ---


def test_a_covered_call_in_the_money_delivers_the_shares_at_the_strike() -> None:
    ledger = derived(
        [a_trade("buy", quantity=100, price=90), a_trade("sell_short", day(3), -1, 4, CALL)],
        settled_at(110),
    )

    shares, call = ledger.lots
    assert (shares.closed_on, shares.exit_price) == (EXPIRY, D(100))
    assert (call.closed_on, call.exit_price) == (EXPIRY, D(0))
    (settlement,) = ledger.settlements
    assert (settlement.kind, settlement.shares, settlement.cash) == (
        Kind.ASSIGNMENT,
        D(-100),
        D(10_000),
    )


@pytest.mark.parametrize(
    ("instrument", "quantity", "price", "shares", "kind"),
    [
        (CALL, 1, 110, D(100), Kind.EXERCISE),
        (CALL, -1, 110, D(-100), Kind.ASSIGNMENT),
        (PUT, 2, 90, D(-200), Kind.EXERCISE),
        (PUT, -2, 90, D(200), Kind.ASSIGNMENT),
    ],
)
def test_options_in_the_money_become_shares_at_the_strike(
    instrument: Instrument, quantity: int, price: int, shares: Decimal, kind: Kind
) -> None:
    ledger = derived(
        [a_trade("opening", quantity=quantity, price=3, instrument=instrument)], settled_at(price)
    )

    delivered = [lot for lot in ledger.lots if lot.instrument == STOCK]
    assert [(lot.quantity, lot.entry_price, lot.entry_date) for lot in delivered] == [
        (shares, D(100), EXPIRY)
    ]
    assert [settlement.kind for settlement in ledger.settlements] == [kind]


def test_less_than_a_cent_in_the_money_ends_worthless() -> None:
    ledger = derived(
        [a_trade("opening", quantity=1, price=3, instrument=CALL)], settled_at(100.009)
    )

    assert remaining(ledger) == {}
    assert [settlement.kind for settlement in ledger.settlements] == [Kind.EXPIRY]


def test_index_options_are_settled_in_cash() -> None:
    index_call = replace(CALL, symbol="SPXW221118C00100000", underlying="SPX")
    market = a_market(settlements={("SPX", EXPIRY): Decimal(130)})

    ledger = derived([a_trade("opening", quantity=2, price=3, instrument=index_call)], market)

    (settlement,) = ledger.settlements
    assert (settlement.shares, settlement.cash) == (D(0), D(2 * 100 * 30))
    assert remaining(ledger) == {}


def test_a_portfolio_may_settle_in_cash() -> None:
    trade = a_trade("opening", quantity=-1, price=3, instrument=CALL)

    ledger = derived([trade], settled_at(110), cash_settlement=True)

    (settlement,) = ledger.settlements
    assert (settlement.shares, settlement.cash) == (D(0), D(-1_000))


def test_an_expiry_without_a_close_is_not_settled() -> None:
    trade = a_trade("opening", quantity=1, price=3, instrument=CALL, lot_id=uuid4())

    ledger = derived([trade], a_market())

    assert list(ledger.unsettled) == [trade.lot_id]
    assert remaining(ledger) == {CALL.symbol: [1]}


def test_an_option_sold_before_its_expiry_delivers_nothing() -> None:
    ledger = derived(
        [
            a_trade("buy", quantity=1, price=3, instrument=CALL),
            a_trade("sell", day(9), -1, 5, CALL),
        ],
        settled_at(110),
    )

    assert not ledger.settlements
    assert remaining(ledger) == {}


def test_an_option_on_what_was_split_delivers_the_shares_of_its_last_day() -> None:
    market = replace(settled_at(30), splits=FOUR_FOR_ONE)

    ledger = derived([a_trade("opening", quantity=1, price=8, instrument=CALL)], market)

    delivered = [lot for lot in ledger.lots if lot.instrument == STOCK]
    assert [(lot.quantity, lot.entry_price) for lot in delivered] == [(D(400), D(25))]


# --- any trades ---

PRICES = st.decimals(Decimal("0.01"), Decimal(500), places=2)
KINDS = st.sampled_from(["opening", "buy", "sell", "sell_short", "buy_to_cover"])
SELLS = {"sell", "sell_short"}


@st.composite
def random_trades(draw: st.DrawFn) -> list[Trade]:
    """Up to twelve trades of a stock and two of its options, over thirty days."""
    found = []
    for _ in range(draw(st.integers(1, 12))):
        kind = draw(KINDS)
        instrument = draw(st.sampled_from([STOCK, STOCK, CALL, PUT]))
        size = draw(st.integers(1, 300))
        sign = -1 if kind in SELLS or (kind == "opening" and draw(st.booleans())) else 1
        moment = day(draw(st.integers(0, 30)))
        found.append(a_trade(kind, moment, sign * size, float(draw(PRICES)), instrument))
    return found


METHODS = st.sampled_from(list(LotMethod))


@given(random_trades(), METHODS, PRICES, st.randoms(use_true_random=False))
def test_order_of_entry_does_not_matter(
    trades: list[Trade], method: LotMethod, price: Decimal, chance: Random
) -> None:
    shuffled = list(trades)
    chance.shuffle(shuffled)

    assert derived(shuffled, settled_at(float(price)), method) == derived(
        trades, settled_at(float(price)), method
    )


@given(random_trades(), METHODS)
def test_lots_hold_what_was_traded(trades: list[Trade], method: LotMethod) -> None:
    ledger = derived(trades, a_market(), method)

    for instrument in (STOCK, CALL, PUT):
        traded = sum(t.quantity for t in trades if t.instrument == instrument)
        assert sum(remaining(ledger).get(instrument.symbol, [])) == traded


@given(random_trades(), METHODS, PRICES)
def test_cash_of_lots_is_the_cash_of_trades_and_settlements(
    trades: list[Trade], method: LotMethod, price: Decimal
) -> None:
    ledger = derived(trades, settled_at(float(price)), method)

    moved = sum(movement.cash or 0 for lot in ledger.lots for movement in lot.movements)
    paid = sum(-t.quantity * t.instrument.multiplier * (t.price or 0) for t in trades)
    assert moved == paid + sum(settlement.cash for settlement in ledger.settlements)


@given(random_trades(), METHODS, PRICES, PRICES)
def test_spans_earn_what_lots_paid_and_are_worth(
    trades: list[Trade], method: LotMethod, settlement: Decimal, last: Decimal
) -> None:
    ledger = derived(trades, settled_at(float(settlement)), method)

    for lot in ledger.lots:
        left = sum((movement.quantity for movement in lot.movements), Decimal(0))
        cash = sum((movement.cash or Decimal(0) for movement in lot.movements), Decimal(0))
        worth = cash + left * lot.instrument.multiplier * last
        assert earned(lot, last) == worth


def earned(lot: Lot, last: Decimal) -> Decimal:
    """The P&L of the lot as calculators work it out: span by span, to the cent."""
    total = Decimal(0)
    for span in lot.spans:
        end = last if span.held_until is None else span.until_price
        assert end is not None
        assert span.from_price is not None
        size = span.quantity * lot.instrument.multiplier
        total += cents(size * end) - cents(size * span.from_price)
    return total


@given(random_trades(), METHODS, PRICES)
def test_value_and_cash_go_through_an_expiry_unchanged(
    trades: list[Trade], method: LotMethod, price: Decimal
) -> None:
    before = derived(trades, a_market(), method)
    after = derived(trades, settled_at(float(price)), method)

    assert worth_at_expiry(before.lots, price) == worth_at_expiry(after.lots, price)


def worth_at_expiry(lots: Sequence[Lot], price: Decimal) -> Decimal:
    """Market value and cash when the shares are worth `price` and options their intrinsic value."""
    total = Decimal(0)
    for lot in lots:
        total += sum((movement.cash or Decimal(0) for movement in lot.movements), Decimal(0))
        left = sum((movement.quantity for movement in lot.movements), Decimal(0))
        total += left * lot.instrument.multiplier * value_of(lot.instrument, price)
    return total


def value_of(instrument: Instrument, price: Decimal) -> Decimal:
    """The intrinsic value of an option, from a cent on; the price of a share."""
    if instrument.strike is None:
        return price
    gain = price - instrument.strike if instrument.option_type == "C" else instrument.strike - price
    return gain if gain >= Decimal("0.01") else Decimal(0)


@given(
    st.integers(1, 400), st.integers(1, 400), st.sampled_from([2, 3, 4, 10, "0.5", "0.2", "1.5"])
)
def test_a_split_leaves_value_and_cash_as_they_are(
    bought: int, sold: int, ratio: int | str
) -> None:
    splits = {"AAPL": [Split(day(10), Decimal(ratio))]}
    trades = [a_trade("buy", day(0), bought, 120), a_trade("sell", day(20), -sold, 60)]

    ledger = derived(trades, a_market(splits=splits))

    moved = sum(movement.cash or 0 for lot in ledger.lots for movement in lot.movements)
    assert float(moved) == pytest.approx(sold * 60 - bought * 120, abs=1e-6)


def test_strikes_that_two_reverse_splits_bring_close_stay_two_contracts() -> None:
    twice = {"AAPL": [Split(day(5), D("0.03333333")), Split(day(10), D("0.03333333"))]}
    low = replace(CALL, symbol="AAPL221118C00002000", strike=D(2))
    high = replace(CALL, symbol="AAPL221118C00004000", strike=D(4))

    ledger = derived(
        [a_trade("buy", day(20), 5, 1, low), a_trade("sell", day(25), -5, 1, high)],
        a_market(splits=twice),
    )

    assert remaining(ledger) == {low.symbol: [5], high.symbol: [-5]}

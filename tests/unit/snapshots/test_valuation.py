"""Hand-worked valuations and daily P&L."""

from datetime import date

import numpy as np
import pytest

from services.snapshots.calculations.valuation import Valuations, position_valuations
from services.snapshots.inputs import DueSnapshot
from tests.unit.snapshots.builders import (
    FRIDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    Closes,
    Contract,
    Holding,
    Market,
    an_option,
    closes,
    layout,
)


def valued(
    holding: Holding,
    prices: Closes,
    session: date = WEDNESDAY,
    previous: date | None = TUESDAY,
    contracts: dict[date, Contract] | None = None,
) -> Valuations:
    market = Market(prices, {holding.symbol: contracts or {}})
    return position_valuations(layout([holding], market, [DueSnapshot(0, session, previous)]))


def test_long_that_rises_earns_quantity_times_the_rise() -> None:
    lines = valued(Holding(quantity=100, entry_price=90), closes(tuesday=100.10, wednesday=103.35))

    assert lines.daily_pnl == pytest.approx([325.00], abs=1e-9)
    assert lines.market_value == pytest.approx([10335.00], abs=1e-9)
    assert lines.cost == pytest.approx([9000.00])
    assert lines.unrealised_pnl == pytest.approx([1335.00], abs=1e-9)


def test_short_that_rises_loses() -> None:
    lines = valued(Holding(quantity=-40, entry_price=120), closes(tuesday=100, wednesday=103))

    assert lines.daily_pnl == pytest.approx([-120.0])
    assert lines.market_value == pytest.approx([-4120.0])
    assert lines.unrealised_pnl == pytest.approx([680.0])


def test_purchase_earns_close_less_entry_price_only() -> None:
    bought = Holding(quantity=10, entry_price=101.5, entry_date=WEDNESDAY)

    lines = valued(bought, closes(tuesday=100, wednesday=103))

    assert lines.daily_pnl == pytest.approx([15.0])


def test_purchase_at_the_close_is_no_profit() -> None:
    lines = valued(
        Holding(entry_price=103, entry_date=WEDNESDAY), closes(tuesday=100, wednesday=103)
    )

    assert lines.daily_pnl == pytest.approx([0.0])


def test_purchase_on_a_holiday_counts_on_the_next_session() -> None:
    bought = Holding(quantity=10, entry_price=99, entry_date=date(2022, 7, 4))

    lines = valued(bought, closes(friday=98, tuesday=100), session=TUESDAY, previous=FRIDAY)

    assert lines.daily_pnl == pytest.approx([10.0])


def test_sale_earns_exit_price_less_previous_close_and_owns_nothing() -> None:
    sold = Holding(quantity=10, entry_price=90, exit_price=102, exit_date=WEDNESDAY)

    lines = valued(sold, closes(tuesday=100, wednesday=103))

    assert lines.active.tolist() == [False]
    assert lines.daily_pnl == pytest.approx([20.0])
    assert [lines.market_value[0], lines.cost[0], lines.notional[0], lines.delta_adjusted[0]] == [
        0,
        0,
        0,
        0,
    ]


def test_sold_position_is_gone_on_the_session_after() -> None:
    sold = Holding(exit_price=102, exit_date=WEDNESDAY)

    lines = valued(sold, closes(wednesday=103, thursday=104), session=THURSDAY, previous=WEDNESDAY)

    assert len(lines.due) == 0


def test_bought_and_sold_within_the_span_earns_exit_less_entry() -> None:
    day_trade = Holding(
        quantity=10, entry_price=101, entry_date=WEDNESDAY, exit_price=104, exit_date=WEDNESDAY
    )

    lines = valued(day_trade, closes(tuesday=100, wednesday=103))

    assert lines.daily_pnl == pytest.approx([30.0])


def test_cover_of_a_short_earns_the_fall() -> None:
    covered = Holding(quantity=-10, exit_price=95, exit_date=WEDNESDAY)

    lines = valued(covered, closes(tuesday=100, wednesday=103))

    assert lines.daily_pnl == pytest.approx([50.0])


def test_pnl_over_a_gap_telescopes() -> None:
    prices = closes(tuesday=100, wednesday=103, thursday=101)

    over_the_gap = valued(Holding(), prices, session=THURSDAY, previous=TUESDAY).daily_pnl
    each = [
        valued(Holding(), prices, session, previous).daily_pnl
        for session, previous in ((WEDNESDAY, TUESDAY), (THURSDAY, WEDNESDAY))
    ]

    assert over_the_gap == pytest.approx(sum(each))


def test_first_snapshot_measures_no_pnl() -> None:
    lines = valued(Holding(entry_date=WEDNESDAY), closes(wednesday=103), previous=None)

    assert np.isnan(lines.daily_pnl).all()
    assert lines.reason.tolist() == [None]


def test_missing_price_carries_the_last_one_forward_with_its_date() -> None:
    lines = valued(Holding(quantity=100), closes(friday=98, tuesday=100))

    assert lines.price.tolist() == [100.0]
    assert lines.price_day.tolist() == [TUESDAY]
    assert lines.stale.tolist() == [True]
    assert lines.daily_pnl == pytest.approx([0.0])


def test_price_after_a_missing_one_catches_up() -> None:
    lines = valued(
        Holding(quantity=100),
        closes(tuesday=100, thursday=107),
        session=THURSDAY,
        previous=WEDNESDAY,
    )

    assert lines.stale.tolist() == [False]
    assert lines.daily_pnl == pytest.approx([700.0])


def test_price_never_known_is_null_with_a_reason() -> None:
    lines = valued(Holding(symbol="NONE"), closes())

    assert np.isnan(
        [lines.price[0], lines.market_value[0], lines.daily_pnl[0], lines.notional[0]]
    ).all()
    assert lines.reason.tolist() == ["no price known on or before the session"]


def test_price_known_only_now_earns_what_it_rose_since_entry() -> None:
    lines = valued(Holding(quantity=10, entry_price=90), closes(wednesday=103))

    assert lines.market_value == pytest.approx([1030.0])
    assert lines.daily_pnl == pytest.approx([130.0])
    assert lines.reason.tolist() == [None]


def test_option_has_three_different_exposures() -> None:
    contracts = {TUESDAY: Contract(6.0, 0.52), WEDNESDAY: Contract(7.5, 0.6)}

    lines = valued(an_option(quantity=-2), closes(tuesday=100, wednesday=103), contracts=contracts)

    assert lines.market_value == pytest.approx([-1500.0])
    assert lines.notional == pytest.approx([-20600.0])
    assert lines.delta_adjusted == pytest.approx([-12360.0])
    assert lines.daily_pnl == pytest.approx([-300.0])
    assert lines.source.tolist() == ["model"]


def test_short_put_is_long_in_delta_and_short_in_notional() -> None:
    put = an_option("AAPL230120P00100000", quantity=-1, option_type="P")

    lines = valued(put, closes(wednesday=100), contracts={WEDNESDAY: Contract(4.0, -0.4)})

    assert lines.notional == pytest.approx([-10000.0])
    assert lines.delta_adjusted == pytest.approx([4000.0])


def test_option_value_is_carried_forward_but_its_delta_is_not() -> None:
    contracts = {TUESDAY: Contract(6.0, 0.52), WEDNESDAY: Contract(None)}

    lines = valued(an_option(), closes(tuesday=100, wednesday=103), contracts=contracts)

    assert lines.market_value == pytest.approx([600.0])
    assert lines.stale.tolist() == [True]
    assert np.isnan(lines.delta_adjusted).all()
    assert lines.reason.tolist() == ["no delta on the session"]


def test_expired_option_is_worth_its_intrinsic_value() -> None:
    contracts = {TUESDAY: Contract(3.2, 0.9), WEDNESDAY: Contract(3.0, 0.0, "intrinsic")}

    lines = valued(an_option(), closes(tuesday=103, wednesday=103), contracts=contracts)

    assert lines.source.tolist() == ["intrinsic"]
    assert lines.delta_adjusted == pytest.approx([0.0])
    assert lines.daily_pnl == pytest.approx([-20.0])


def test_closed_without_an_exit_price_says_so() -> None:
    lines = valued(Holding(exit_date=WEDNESDAY), closes(tuesday=100, wednesday=103))

    assert np.isnan(lines.daily_pnl).all()
    assert lines.reason.tolist() == ["closed without an exit price"]


def test_position_entered_later_is_not_yet_there() -> None:
    lines = valued(Holding(entry_date=THURSDAY), closes(tuesday=100, wednesday=103))

    assert len(lines.due) == 0


@pytest.mark.parametrize("price", [0.000001, 123.456789, 4567.89])
def test_amounts_are_exact_to_the_cent_for_a_million_shares(price: float) -> None:
    lines = valued(
        Holding(quantity=1_000_000, entry_price=price), closes(tuesday=price, wednesday=price)
    )

    assert round(lines.market_value[0], 2) == round(1_000_000 * price, 2)
    assert lines.daily_pnl.tolist() == [0.0]

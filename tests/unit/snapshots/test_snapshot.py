"""Hand-worked portfolios: sums, coverage, Greeks, flows and caveats."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from services.snapshots.calculations.snapshot import (
    MEASURES,
    POSITION_TYPES,
    SIDES,
    Snapshots,
    portfolio_snapshots,
)
from services.snapshots.inputs import CashFlow, DueSnapshot
from shared.caveats import Caveat, gathered
from tests.unit.snapshots.builders import (
    FRIDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    Contract,
    Holding,
    Market,
    an_option,
    closes,
    inputs,
    snapshot,
)

CALL, PUT = "AAPL230120C00100000", "AAPL230120P00100000"


def an_option_book() -> tuple[list[Holding], Market]:
    """100 shares, 2 calls sold and 3 puts bought on AAPL at 100, and 50 MSFT sold short at 200."""
    holdings = [
        Holding("AAPL", 100, entry_price=90),
        an_option(CALL, -2),
        an_option(PUT, 3, option_type="P"),
        Holding("MSFT", -50, entry_price=210),
    ]
    market = Market(
        {**closes("AAPL", tuesday=98, wednesday=100), **closes("MSFT", tuesday=202, wednesday=200)},
        {
            CALL: {TUESDAY: Contract(5, 0.5), WEDNESDAY: Contract(6, 0.55)},
            PUT: {TUESDAY: Contract(7, -0.5), WEDNESDAY: Contract(5, -0.45)},
        },
        {
            (CALL, WEDNESDAY): (0.55, 0.02, -0.03, 0.25, 0.1),
            (PUT, WEDNESDAY): (-0.45, 0.02, -0.03, 0.25, -0.1),
        },
    )
    return holdings, market


def exposure(snapshots: Snapshots, measure: str) -> dict[str, float]:
    sums = snapshots.exposures[0, MEASURES.index(measure)]
    return dict(zip(SIDES, sums.tolist(), strict=True))


def codes(snapshots: Snapshots, take: int = 0) -> dict[str, tuple[str, ...]]:
    return {caveat.code: caveat.about for caveat in snapshots.caveats[take]}


def test_option_book_shows_three_exposures() -> None:
    taken = snapshot(*an_option_book())

    assert exposure(taken, "dollar") == {"long": 11500, "short": -11200, "gross": 22700, "net": 300}
    assert exposure(taken, "notional") == {
        "long": 40000,
        "short": -30000,
        "gross": 70000,
        "net": 10000,
    }
    assert exposure(taken, "delta_adjusted") == {
        "long": pytest.approx(10000),
        "short": pytest.approx(-34500),
        "gross": pytest.approx(44500),
        "net": pytest.approx(-24500),
    }


def test_option_book_adds_up() -> None:
    taken = snapshot(*an_option_book())

    assert taken.market_value.tolist() == [300.0]
    assert taken.daily_pnl.tolist() == [200.0 - 200.0 - 600.0 + 100.0]
    assert taken.unrealised_pnl.tolist() == [1000.0 - 200.0 + 0.0 + 500.0]
    assert taken.caveats == ((),)


def test_positions_are_counted_by_type() -> None:
    taken = snapshot(*an_option_book())

    counts = dict(zip(POSITION_TYPES, taken.counts[0].tolist(), strict=True))
    assert counts == {"LONG": 1, "SHORT": 1, "LC": 0, "SC": 1, "LP": 1, "SP": 0}


def test_portfolio_greeks_add_options_and_one_delta_per_share() -> None:
    taken = snapshot(*an_option_book())

    assert taken.greeks[0].tolist() == pytest.approx([100 - 50 - 110 - 135, 2.0, -3.0, 25.0, -50.0])
    assert taken.greeks_coverage.tolist() == [1.0]


def test_option_without_greeks_is_left_out_and_covered_by_notional() -> None:
    holdings, market = an_option_book()
    partial = replace(market, greeks={(PUT, WEDNESDAY): market.greeks[PUT, WEDNESDAY]})

    taken = snapshot(holdings, partial)

    assert taken.greeks[0].tolist() == pytest.approx([100 - 50 - 135, 6.0, -9.0, 75.0, -30.0])
    assert taken.greeks_coverage == pytest.approx([30000 / 50000])
    assert codes(taken) == {"greeks_missing": (CALL,)}


def test_portfolio_greeks_are_null_when_no_option_has_any() -> None:
    holdings, market = an_option_book()

    taken = snapshot(holdings, replace(market, greeks={}))

    assert np.isnan(taken.greeks).all()
    assert taken.greeks_coverage.tolist() == [0.0]


def test_stock_book_has_full_greeks_coverage() -> None:
    taken = snapshot([Holding(quantity=-30)], Market(closes(tuesday=100, wednesday=100)))

    assert taken.greeks[0].tolist() == [-30.0, 0.0, 0.0, 0.0, 0.0]
    assert taken.greeks_coverage.tolist() == [1.0]


def test_long_and_short_of_one_symbol_net_but_stay_gross() -> None:
    holdings = [Holding(quantity=100), Holding(quantity=-40)]

    taken = snapshot(holdings, Market(closes(tuesday=100, wednesday=103)))

    assert exposure(taken, "dollar") == {"long": 10300, "short": -4120, "gross": 14420, "net": 6180}
    assert taken.daily_pnl.tolist() == [180.0]


def test_sale_counts_in_the_portfolio_of_its_exit_day() -> None:
    holdings = [Holding(quantity=10), Holding(quantity=5, exit_price=102, exit_date=WEDNESDAY)]

    taken = snapshot(holdings, Market(closes(tuesday=100, wednesday=103)))

    open_positions = taken.valuations.daily_pnl[taken.valuations.active].sum()
    assert taken.closed_pnl.tolist() == [10.0]
    assert taken.daily_pnl.tolist() == [open_positions + 10.0]
    assert taken.counts.sum() == 1


def test_deposit_is_a_flow_and_no_profit() -> None:
    prices = Market(closes(tuesday=100, wednesday=103))
    deposits = [
        CashFlow(0, TUESDAY, 999.0),
        CashFlow(0, WEDNESDAY, 5000.0),
        CashFlow(0, WEDNESDAY, -200.5),
        CashFlow(0, THURSDAY, 1.0),
    ]

    taken = snapshot([Holding(quantity=10)], prices, flows=deposits)

    assert taken.net_flow.tolist() == [4799.5]
    assert taken.daily_pnl.tolist() == [30.0]


def test_deposit_over_a_holiday_counts_on_the_next_session() -> None:
    taken = snapshot([], Market(), TUESDAY, FRIDAY, flows=[CashFlow(0, date(2022, 7, 4), 100.0)])

    assert taken.net_flow.tolist() == [100.0]


def test_first_snapshot_has_neither_pnl_nor_flow() -> None:
    taken = snapshot(
        [Holding()],
        Market(closes(wednesday=103)),
        previous=None,
        flows=[CashFlow(0, WEDNESDAY, 10.0)],
    )

    assert np.isnan(taken.daily_pnl).all()
    assert taken.net_flow.tolist() == [0.0]


def test_empty_portfolio_is_worth_nothing_and_misses_nothing() -> None:
    taken = snapshot([], Market())

    assert taken.market_value.tolist() == [0.0]
    assert taken.daily_pnl.tolist() == [0.0]
    assert taken.price_coverage.tolist() == [1.0]
    assert taken.caveats == ((),)


@pytest.mark.parametrize(
    ("adjusted", "found"),
    [
        ([TUESDAY], {"price_basis_changed": ("AAPL",)}),
        ([WEDNESDAY], {"price_basis_changed": ("AAPL",)}),
        ([TUESDAY, WEDNESDAY], {}),
        ([], {}),
    ],
)
def test_closes_on_two_bases_are_a_caveat_of_what_was_held_over_both(
    adjusted: list[date], found: dict[str, tuple[str, ...]]
) -> None:
    prices = {
        **closes("AAPL", tuesday=100, wednesday=103),
        **closes("GE", tuesday=50, wednesday=51),
    }
    bought_since = Holding("GE", 10, entry_date=WEDNESDAY)

    taken = snapshot([Holding("AAPL", 100), bought_since], Market(prices, adjusted=adjusted))

    assert codes(taken) == found


def test_carried_price_is_flagged_and_lowers_coverage() -> None:
    prices = {**closes("AAPL", tuesday=100, wednesday=103), **closes("GE", friday=48, tuesday=50)}

    taken = snapshot([Holding("AAPL", 100), Holding("GE", -20)], Market(prices))

    assert codes(taken) == {"price_carried_forward": ("GE",)}
    assert taken.price_coverage == pytest.approx([10300 / 11300])
    assert taken.market_value.tolist() == [9300.0]


def test_unknown_price_is_left_out_named_and_weighs_with_its_cost() -> None:
    prices = closes("AAPL", tuesday=100, wednesday=103)

    taken = snapshot([Holding("AAPL", 100), Holding("NEW", 10, entry_price=20)], Market(prices))

    assert codes(taken) == {"price_missing": ("NEW",)}
    assert taken.price_coverage == pytest.approx([10300 / 10500])
    assert taken.market_value.tolist() == [10300.0]
    assert taken.daily_pnl.tolist() == [300.0]


def test_option_on_an_unknown_underlying_is_named_and_weighs_with_its_strike() -> None:
    holdings = [Holding("MSFT", 100), an_option(CALL, 1, strike=50)]
    market = Market(closes("MSFT", tuesday=50, wednesday=50), {CALL: {WEDNESDAY: Contract(None)}})

    taken = snapshot(holdings, market)

    assert set(codes(taken)) == {
        "price_missing",
        "underlying_price_missing",
        "greeks_missing",
        "delta_missing",
    }
    assert taken.price_coverage.tolist() == [0.5]


def test_gap_since_the_previous_snapshot_is_named_by_its_sessions() -> None:
    taken = snapshot([Holding()], Market(closes(friday=98, thursday=104)), THURSDAY, FRIDAY)

    assert codes(taken) == {"gap_since_previous_snapshot": ("2022-07-05", "2022-07-06")}
    assert taken.daily_pnl.tolist() == [600.0]


def test_weekend_and_holiday_are_no_gap() -> None:
    taken = snapshot([Holding()], Market(closes(friday=98, tuesday=100)), TUESDAY, FRIDAY)

    assert taken.caveats == ((),)
    assert taken.daily_pnl.tolist() == [200.0]


def test_portfolios_and_sessions_are_computed_apart() -> None:
    holdings = [Holding(quantity=10, portfolio=0), Holding(quantity=-7, portfolio=1)]
    market = Market(closes(tuesday=100, wednesday=103, thursday=101))
    takes = [
        DueSnapshot(0, WEDNESDAY, TUESDAY),
        DueSnapshot(1, WEDNESDAY, None),
        DueSnapshot(0, THURSDAY, WEDNESDAY),
        DueSnapshot(1, THURSDAY, WEDNESDAY),
    ]

    taken = portfolio_snapshots(inputs(holdings, market, takes))

    assert taken.market_value.tolist() == [1030.0, -721.0, 1010.0, -707.0]
    assert taken.daily_pnl.tolist() == pytest.approx([30.0, np.nan, -20.0, 14.0], nan_ok=True)


def test_no_plan_yields_no_snapshots() -> None:
    taken = portfolio_snapshots(inputs([], Market(), []))

    assert taken.market_value.shape == (0,)
    assert taken.caveats == ()


def test_caveats_of_many_snapshots_gather_their_names() -> None:
    caveats = [
        Caveat.naming("pnl_missing", "late", ["GE", "GE"]),
        Caveat.naming("delta_missing", "no", ["X"]),
    ]

    together = gathered([*caveats, Caveat.naming("pnl_missing", "late", ["AAPL"])])

    assert together == (
        Caveat("delta_missing", "no", ("X",)),
        Caveat("pnl_missing", "late", ("AAPL", "GE")),
    )

"""Grids and curves: a book repriced at other spots, volatilities and dates."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.stress.calculations import sizes
from services.stress.calculations.curve import Curve, curves
from services.stress.calculations.grid import Axes, Grid, grid
from services.stress.calculations.repricing import States, price_changes
from services.stress.calculations.sizes import TooLarge
from services.stress.calculations.surface import Moved, SpotMode
from services.stress.calculations.what_if import STILL, Request, what_if
from services.stress.inputs import STOCK, Contracts, Factors, Holdings
from shared.quant.black_scholes import option_prices
from shared.quant.dividends import CashDividends
from shared.quant.pricing import prices, values
from tests.unit.builders import AS_OF, PORTFOLIO
from tests.unit.stress.builders import columns_of, no_contracts
from tests.unit.stress.test_valuation import NAMES, a_book, a_scenario, some_contracts

SPOTS = (-0.3, -0.1, 0.0, 0.1, 0.3)
VOLATILITIES = (-0.3, 0.0, 0.5)
DAYS = (0, 30, 200)
BETA = 1.2
# A call and a put of each style on one underlying at 150, with half a year or a month left.
TERMS: tuple[dict[str, Any], ...] = (
    {"american": True},
    {"call": False, "strike": 160.0, "american": True, "years_to_expiry": 90 / 365},
    {"strike": 140.0, "years_to_expiry": 30 / 365},
    {"call": False},
)


def holdings(
    units: Sequence[float] = (1_000, -500, 800, 400), contracts: Contracts | None = None
) -> Holdings:
    """AAPL for 100,000 and options on it, and XOM short for 40,000."""
    held = some_contracts(*TERMS) if contracts is None else contracts
    unit = values(columns_of(held), held.american, held.dividends)
    exposure = np.array(units) * unit.delta * held.underlying_price
    book = a_book(
        [100_000, -40_000, *exposure.tolist()],
        [[BETA, 0.3, -0.1], [0.8, 0, 0], *([[BETA, 0.3, -0.1]] * len(units))],
        rate_beta=[-4, -2, *([-4] * len(units))],
        contract=[STOCK, STOCK, *range(len(units))],
        units=[0, 0, *units],
        contracts=held,
    )
    names = ["AAPL", "XOM", *(["AAPL"] * len(units))]
    ids = [PORTFOLIO] * len(names)
    return Holdings(AS_OF, [PORTFOLIO], ids, names, book, Factors(tuple(NAMES)), None)


def stocks() -> Holdings:
    return holdings((), no_contracts())


def a_grid(held: Holdings, mode: SpotMode = "parallel", **axes: Any) -> Grid:
    usual: dict[str, Any] = {"spots": SPOTS, "volatilities": VOLATILITIES, "days": DAYS}
    return grid(Moved.of(held, mode), Axes(**usual | axes))


def a_curve(held: Holdings, mode: SpotMode = "parallel", **axes: Any) -> Curve:
    usual: dict[str, Any] = {"spots": SPOTS, "volatilities": (0.0,), "days": (0, 30)}
    one = len(set(held.underlyings)) == 1
    weighted = mode == "beta_weighted"
    [found] = curves(Moved.of(held, mode), Axes(**usual | axes), weighted, 150.0 if one else None)
    return found


# --- the grid ---


@pytest.mark.parametrize("mode", ["parallel", "beta_weighted"])
def test_nothing_moves_at_the_centre(mode: SpotMode) -> None:
    found = a_grid(holdings(), mode)

    assert found.pnl[0, 1, 2] == 0.0
    assert found.options_pnl[0, 1, 2] == 0.0
    assert 0.0 in found.break_evens[0][1]


@settings(max_examples=20)
@given(st.lists(st.floats(-1, 3), min_size=1, max_size=9, unique=True))
def test_a_book_of_stocks_is_linear_at_any_volatility_and_date(spots: list[float]) -> None:
    moves = sorted(spots)

    found = a_grid(stocks(), spots=moves)

    assert found.pnl == pytest.approx(np.tile(60_000 * np.array(moves), (3, 3, 1)), abs=0.011)
    assert (found.options_pnl == 0.0).all()


def test_an_option_loses_no_more_than_its_quote_in_grids_and_what_ifs() -> None:
    held = some_contracts(*TERMS)
    worth = prices(columns_of(held), held.american)
    quoted = replace(held, quoted=0.8 * worth)
    units = (1_000, -500, 800, 400)
    names = {"AAPL": 3.0, "XOM": 0.0}  # worth nothing any more: the puts

    found = a_grid(holdings(units, quoted), spots=(3.0,), volatilities=(0.0,), days=(0,))
    asked = what_if(holdings(units, quoted), [STILL], Request(("direct",), 9, names))

    (outcome,) = asked.outcomes
    made = np.array([each.pnl for each in outcome.positions])
    for units_held, place in ((-500, 1), (400, 3)):
        lost = -units_held * 0.8 * worth[place]
        assert np.abs(made - lost).min() < 0.006
    assert found.pnl.item() == pytest.approx(outcome.total_pnl + 40_000 * -3.0, abs=0.02)


@pytest.mark.parametrize("spot", [-0.35, -0.1, 0.07, 0.25])
def test_a_move_of_spot_earns_what_the_same_what_if_does_to_the_cent(spot: float) -> None:
    held = holdings()
    market = what_if(held, [a_scenario({"market": spot})], Request(("direct",), 0))
    names = {"AAPL": spot, "XOM": spot}
    parallel = what_if(held, [STILL], Request(("direct",), 0, names))

    by_beta = a_grid(held, "beta_weighted", spots=(spot,), volatilities=(0.0,), days=(0,))
    alike = a_grid(held, "parallel", spots=(spot,), volatilities=(0.0,), days=(0,))

    assert by_beta.pnl.item() == market.outcomes[0].total_pnl
    assert alike.pnl.item() == parallel.outcomes[0].total_pnl


def test_volatility_by_tenor_and_days_are_those_of_what_ifs() -> None:
    held = holdings()
    scenario = a_scenario({"market": -0.2}, volatility_shock=0.5)

    found = a_grid(held, "beta_weighted", spots=(-0.2,), volatilities=(0.5,), by_tenor=True)

    outcomes = [
        what_if(held, [scenario], Request(("direct",), 0, days=days)).outcomes[0] for days in DAYS
    ]
    assert found.pnl[:, 0, 0].tolist() == pytest.approx([each.total_pnl for each in outcomes])


def test_european_options_are_worth_the_closed_form_at_every_point() -> None:
    contracts = some_contracts({}, {"call": False, "strike": 170.0, "years_to_expiry": 1.0})
    held = holdings((1_000, -2_000), contracts)

    found = a_grid(held)

    for (day, volatility, spot), options in np.ndenumerate(found.options_pnl):
        moved = columns_of(
            contracts,
            underlying_price=contracts.underlying_price * (1 + SPOTS[spot]),
            volatility=contracts.volatility * (1 + VOLATILITIES[volatility]),
            years_to_expiry=np.maximum(contracts.years_to_expiry - DAYS[day] / 365, 0.0),
        )
        earned = option_prices(moved) - option_prices(columns_of(contracts))
        assert options == pytest.approx(earned @ [1_000, -2_000], abs=0.011)


def test_american_options_are_repriced_as_in_scenarios() -> None:
    held = holdings()

    found = a_grid(held)

    contracts = held.book.contracts
    for (day, volatility, spot), options in np.ndenumerate(found.options_pnl):
        days, relative = np.array([float(DAYS[day])]), np.array([VOLATILITIES[volatility]])
        states = States(np.zeros(1), relative, days, by_tenor=False)
        changes = price_changes(contracts, np.full((4, 1), SPOTS[spot]), states)
        assert options == pytest.approx(held.book.units[2:] @ changes[:, 0], abs=0.021)


def test_parts_of_stock_and_options_add_up() -> None:
    held = holdings()

    found = a_grid(held)

    assert found.pnl - found.options_pnl == pytest.approx(
        np.tile(60_000 * np.array(SPOTS), (3, 3, 1)), abs=0.011
    )


@settings(max_examples=15)
@given(
    st.lists(st.integers(-20, 20), min_size=4, max_size=4).filter(any),
    st.lists(st.floats(110, 190), min_size=4, max_size=4),
    st.sampled_from([(0, 15), (29, 31), (60, 400)]),
)
def test_break_evens_earn_nothing_when_they_are_repriced(
    lots: list[int], strikes: list[float], days: tuple[int, int]
) -> None:
    terms = [each | {"strike": strike} for each, strike in zip(TERMS, strikes, strict=True)]
    held = holdings([100.0 * each for each in lots], some_contracts(*terms))
    axes: dict[str, Any] = {"volatilities": (-0.2, 0.3), "days": days}

    found = a_grid(held, **axes)

    for day, row in enumerate(found.break_evens):
        for volatility, zeros in enumerate(row):
            pnl = found.pnl[day, volatility]
            assert len(zeros) >= np.count_nonzero(pnl[1:] * pnl[:-1] < 0.0)
            for zero in zeros:
                again = a_grid(
                    held,
                    spots=(zero,),
                    volatilities=(axes["volatilities"][volatility],),
                    days=(days[day],),
                )
                # Each of six positions is rounded to the cent.
                assert abs(again.pnl.item()) <= 0.05
                assert SPOTS[0] <= zero <= SPOTS[-1]


def test_the_break_even_of_a_call_at_expiry_is_strike_and_premium() -> None:
    contracts = some_contracts({"american": True})
    held = holdings((100.0,), contracts).of_underlying("AAPL")
    held = replace(held, book=replace(held.book, exposure=held.book.exposure * [0.0, 1.0]))

    [[[zero]]] = a_grid(held, volatilities=(0.0,), days=(183,)).break_evens

    premium = values(columns_of(contracts), contracts.american).price[0]
    assert 150.0 * (1 + zero) == pytest.approx(150.0 + premium, abs=1e-4)


def test_where_nothing_is_held_there_is_no_break_even() -> None:
    nothing = replace(stocks(), book=a_book([], [], contracts=no_contracts()), underlyings=[])

    found = a_grid(replace(nothing, position_ids=[]))

    assert (found.pnl == 0.0).all()
    assert all(zeros == [] for row in found.break_evens for zeros in row)
    assert np.isnan(found.coverage)


def test_one_underlying_leaves_the_others_out() -> None:
    held = holdings()

    found = a_grid(held.of_underlying("XOM"))

    assert found.pnl[0, 0].tolist() == [-40_000 * spot + 0.0 for spot in SPOTS]
    assert held.of_underlying("ZZZ").position_ids == []


def test_a_name_without_a_beta_is_named_and_in_no_point_of_the_grid() -> None:
    held = holdings()
    betas = held.book.betas.copy()
    betas[1] = np.nan
    held = replace(held, book=replace(held.book, betas=betas))

    found = a_grid(held, "beta_weighted", volatilities=(0.0,), days=(0,))

    stock = 100_000 * BETA * np.array(SPOTS)
    assert (found.pnl - found.options_pnl)[0, 0] == pytest.approx(stock, abs=0.011)
    assert [(each.code, each.about) for each in found.caveats] == [("no_betas", ("S1",))]
    assert found.coverage < 1.0
    assert a_grid(held, "parallel").caveats == ()


def test_prices_stop_at_zero_and_the_positions_are_named() -> None:
    found = a_grid(stocks(), "beta_weighted", spots=(-0.9, 0.0))

    assert found.pnl[0, 0, 0] == -100_000 + 40_000 * 0.8 * 0.9
    assert [(each.code, each.about) for each in found.caveats] == [("price_at_zero", ("S0",))]


def test_an_option_without_inputs_counts_by_delta() -> None:
    contracts = some_contracts({"volatility": float("nan")})
    book = holdings((1_000,), some_contracts({})).book
    held = replace(holdings((1_000,), some_contracts({})), book=replace(book, contracts=contracts))

    found = a_grid(held, volatilities=(0.0, 0.5))

    assert found.options_pnl[0, 1] == pytest.approx(book.exposure[2] * np.array(SPOTS), abs=0.011)
    assert [each.code for each in found.caveats] == ["not_repriced"]


def test_cash_dividends_are_repriced_as_in_scenarios() -> None:
    contracts = some_contracts({"american": True}, {"call": False, "american": True})
    contracts = replace(
        contracts,
        dividend_yield=np.zeros(2),
        dividends=CashDividends.of(np.full((2, 2), 2.0), [[20 / 365, 110 / 365]] * 2),
    )
    held = holdings((1_000, 1_000), contracts)

    found = a_grid(held, spots=(-0.99, -0.1, 0.0, 0.1), volatilities=(0.0,), days=(0, 30))

    for day, days in enumerate((0.0, 30.0)):
        states = States(np.zeros(4), np.zeros(4), np.full(4, days))
        moves = np.tile([-0.99, -0.1, 0.0, 0.1], (2, 1))
        changes = price_changes(contracts, moves, states)
        # Lattices are laid around other spots: a cent per share at most, of 2,000.
        assert found.options_pnl[day, 0] == pytest.approx(1_000 * changes.sum(axis=0), abs=10.0)


# --- sizes ---


@pytest.mark.parametrize(
    ("bound", "message"),
    [
        ("MOST_POINTS", "5 spots x 3 volatilities x 3 dates are 45 points, and 1 is the most"),
        ("MOST_AMOUNTS", "6 positions x 45 points are 270 amounts, and 1 is the most"),
        ("MOST_REPRICINGS", "4 contracts x 45 points are 180 repricings, and 1 is the most"),
        ("MOST_LATTICES", "2 contracts with cash dividends x 3 volatilities x 3 dates"),
    ],
)
def test_each_bound_is_named_with_the_size(
    monkeypatch: pytest.MonkeyPatch, bound: str, message: str
) -> None:
    monkeypatch.setattr(sizes, bound, 1)
    contracts = some_contracts(*TERMS)
    paid = CashDividends.of(np.ones((4, 1)), np.full((4, 1), 10 / 365))
    held = holdings(contracts=replace(contracts, dividends=paid))

    with pytest.raises(TooLarge, match=message):
        a_grid(held)


@pytest.mark.parametrize("bound", ["MOST_GREEKS", "MOST_GREEKS_BY_LATTICE"])
def test_a_curve_has_bounds_too(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(sizes, bound, 1)
    contracts = some_contracts(*TERMS)
    paid = CashDividends.of(np.ones((4, 1)), np.full((4, 1), 10 / 365))

    with pytest.raises(TooLarge, match="and 1 is the most: ask for fewer points"):
        a_curve(holdings(contracts=replace(contracts, dividends=paid)))


# --- the curve ---


def test_greeks_at_spot_zero_are_those_of_the_positions() -> None:
    held = holdings().of_underlying("AAPL")
    contracts = held.book.contracts
    units = held.book.units[1:]
    unit = values(columns_of(contracts), contracts.american)

    found = {name: each[0, 2] for name, each in a_curve(held).greeks.items()}

    assert found["delta"] == pytest.approx(units @ unit.delta + 100_000 / 150)
    assert found["gamma"] == pytest.approx(units @ unit.gamma)
    assert found["dollar_delta"] == pytest.approx(held.book.exposure.sum())
    assert found["dollar_gamma_1pct"] == pytest.approx(units @ unit.gamma * 150**2 / 100)
    assert found["dollar_theta_1d"] == pytest.approx(units @ unit.theta)
    assert found["dollar_vega_1pt"] == pytest.approx(units @ unit.vega)
    assert found["dollar_rho_1pct"] == pytest.approx(units @ unit.rho)


def test_a_curve_earns_what_the_grid_does() -> None:
    held = holdings()

    found = a_curve(held, "beta_weighted", days=DAYS, volatilities=(0.5,))

    same = a_grid(held, "beta_weighted", volatilities=(0.5,))
    assert found.grid.pnl.tolist() == same.pnl.tolist()
    assert found.grid.break_evens == same.break_evens


def test_curves_at_several_volatilities_are_those_of_each() -> None:
    moved = Moved.of(holdings(), "parallel")
    axes = Axes(SPOTS, (-0.25, 0.0, 0.25), (0, 30))

    found = curves(moved, axes, weighted=False, price=None)

    alone = [a_curve(holdings(), volatilities=(each,)) for each in axes.volatilities]
    assert [each.grid.pnl.tolist() for each in found] == [each.grid.pnl.tolist() for each in alone]
    assert len({each.grid.pnl.tobytes() for each in found}) == 3


def test_the_bound_of_curves_counts_all_their_volatilities(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = holdings()
    count = int(np.count_nonzero(held.book.contracts.living)) * len(SPOTS)
    monkeypatch.setattr(sizes, "MOST_GREEKS", 2 * count)
    moved = Moved.of(held, "parallel")

    assert len(curves(moved, Axes(SPOTS, (0.0, 0.1), (0,)), weighted=False, price=None)) == 2
    with pytest.raises(TooLarge, match=f"and {2 * count:,} is the most"):
        curves(moved, Axes(SPOTS, (0.0, 0.1, 0.2), (0,)), weighted=False, price=None)


@pytest.mark.parametrize(
    ("mode", "name", "weight"),
    [
        ("parallel", "dollar_delta", 1.0),
        ("beta_weighted", "dollar_delta_beta_weighted", BETA),
    ],
)
def test_the_slope_of_a_curve_is_its_dollar_delta(mode: SpotMode, name: str, weight: float) -> None:
    spots = (-0.101, -0.1, -0.099, 0.149, 0.15, 0.151)

    found = a_curve(holdings().of_underlying("AAPL"), mode, spots=spots, days=(0, 20))

    for day, middle in ((0, 1), (0, 4), (1, 1), (1, 4)):
        pnl = found.grid.pnl[day, 0]
        slope = (pnl[middle + 1] - pnl[middle - 1]) / 0.002
        # The slope is by moves of today's price, dollar delta by moves of the price there.
        moved = 1.0 + weight * spots[middle]
        assert found.greeks[name][day, middle] == pytest.approx(moved * slope, rel=2e-3)


def test_a_day_earns_the_theta_of_the_curve() -> None:
    found = a_curve(holdings(), spots=(0.0,), days=(10, 11))

    earned = float(np.diff(found.grid.pnl[:, 0, 0])[0])
    assert earned == pytest.approx(found.greeks["dollar_theta_1d"][0, 0], rel=0.02)


def test_settled_options_have_no_greeks_and_prices_fall_by_dividends() -> None:
    contracts = some_contracts({"american": True})
    paid = CashDividends.of([[1.5]], [[20 / 365]])
    held = holdings((100,), replace(contracts, dividends=paid)).of_underlying("AAPL")

    found = a_curve(held, days=(0, 30, 400))

    assert found.prices is not None
    assert found.prices[:, 2].tolist() == pytest.approx([150.0, 148.5, 148.5])
    assert found.greeks["gamma"][2].tolist() == [0.0] * 5
    assert found.greeks["delta"][2] == pytest.approx(np.full(5, 100_000 / 150))

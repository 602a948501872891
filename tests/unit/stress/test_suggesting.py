"""Suggestions against every combination of lots, linear programs of another solver, and by hand."""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from services.stress.calculations.program import Effort, Linear, Lots, Tail, Target
from services.stress.calculations.suggesting import Suggestion, missed, suggestion
from shared.arrays import FloatArray

EXACT = Effort(seconds=20.0, gap=0.0)
DAYS = 80


def of(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float64)


def lots_of(cost: Sequence[float], most: int | Sequence[int]) -> Lots:
    """As many bought as sold of each."""
    bounds = np.broadcast_to(np.asarray(most, dtype=np.float64), len(cost))
    return Lots(of(*cost), -bounds, bounds.copy())


def combinations(lots: Lots) -> Iterator[FloatArray]:
    """Every number of lots within the bounds."""
    ranges = [
        range(int(low), int(high) + 1) for low, high in zip(lots.lowest, lots.highest, strict=True)
    ]
    yield from (of(*each) for each in product(*ranges))


def least_by_force(
    lots: Lots, targets: Sequence[Target], most: float, tolerance: float = 1e-6
) -> float:
    """The fewest dollars of all combinations that meet the targets; infinite without any."""
    costs = (
        float(np.abs(each) @ lots.cost)
        for each in combinations(lots)
        if all(missed(target, each) <= tolerance * target.unit for target in targets)
    )
    return min((cost for cost in costs if cost <= most + 1e-9), default=np.inf)


def kinds(found: Suggestion) -> list[tuple[str, int | None, int | None]]:
    """What is in the way, and of which target and candidate."""
    return [(each.kind, each.target, each.candidate) for each in found.obstacles]


# --- linear measures ---

EFFECTS = st.integers(-40, 40).map(float)
COSTS = st.integers(1, 60).map(float)


@st.composite
def linear_tasks(draw: st.DrawFn) -> tuple[Lots, list[Target], float]:
    """Up to three candidates with few lots, and one or two ranges."""
    count = draw(st.integers(1, 3))
    costs = draw(st.lists(COSTS, min_size=count, max_size=count))
    bounds = draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))
    targets: list[Target] = []
    for _ in range(draw(st.integers(1, 2))):
        effect = of(*draw(st.lists(EFFECTS, min_size=count, max_size=count)))
        lowest = draw(st.integers(-60, 60))
        highest = lowest + draw(st.integers(0, 30))
        targets.append(Linear(float(draw(st.integers(-90, 90))), effect, lowest, highest, 0.0))
    most = draw(st.one_of(st.just(np.inf), st.integers(1, 200).map(float)))
    return lots_of(costs, bounds), targets, most


@settings(max_examples=80)
@given(linear_tasks())
def test_no_combination_of_lots_is_cheaper_and_none_is_missed(
    task: tuple[Lots, list[Target], float],
) -> None:
    lots, targets, most = task
    by_force = least_by_force(lots, targets, most)

    found = suggestion(lots, targets, most, EXACT)

    if found.lots is None:
        assert by_force == np.inf
        assert found.obstacles
        return
    assert found.traded == pytest.approx(by_force)
    assert found.traded == pytest.approx(float(np.abs(found.lots) @ lots.cost))
    assert (found.lots >= lots.lowest).all()
    assert (found.lots <= lots.highest).all()
    assert all(missed(each, found.lots) <= 1e-6 * each.unit for each in targets)
    # the solver misses a target by up to 1e-6, which 40 of a lot's effect make 40 times as much
    assert found.gap == pytest.approx(0.0, abs=1e-4)


@settings(max_examples=30)
@given(
    before=st.floats(-40_000, 40_000),
    effects=st.lists(st.floats(20, 900), min_size=1, max_size=3),
    cost=st.floats(0.5, 2.0),
)
def test_beta_to_zero_is_within_a_lot_of_the_exact_optimum(
    before: float, effects: list[float], cost: float
) -> None:
    effect = of(*effects)
    lots = lots_of([cost * each * (1.0 + 0.1 * place) for place, each in enumerate(effects)], 5_000)

    found = suggestion(lots, [Linear(before, effect, 0.0, 0.0)], np.inf, EXACT)

    assert found.lots is not None
    exact = abs(before) / effects[0]  # the first is the cheapest by effect
    assert abs(before + float(effect @ found.lots)) <= 0.5 * effects[0] + 1e-3
    assert abs(found.traded - exact * lots.cost[0]) <= lots.cost[0]


def test_the_worked_example_of_the_methodology() -> None:
    """Beta dollars 52,000; SPY at 376.66 and IWM at 174 with 1.09 x 174 beta dollars a share."""
    lots = lots_of([376.66, 174.0], 1_000)
    beta = Linear(52_000.0, of(376.66, 1.09 * 174.0), 0.0, 0.0)

    found = suggestion(lots, [beta], np.inf, EXACT)

    assert found.lots is not None
    assert found.lots.tolist() == [0.0, -274.0]
    assert found.traded == pytest.approx(274 * 174.0)
    assert beta.at(found.lots) == pytest.approx(33.16, abs=0.005)


@settings(max_examples=30)
@given(linear_tasks())
def test_whole_lots_cost_no_less_than_the_relaxation_of_another_solver(
    task: tuple[Lots, list[Target], float],
) -> None:
    lots, targets, most = task
    found = suggestion(lots, targets, most, EXACT)
    if found.lots is None:
        return
    rows, highest = [], []
    for each in found.targets:
        assert isinstance(each, Linear)
        both = np.append(each.effect, -each.effect)
        rows += [both, -both]
        highest += [each.highest - each.before, each.before - each.lowest]

    relaxed = linprog(
        np.tile(lots.cost, 2),
        A_ub=np.array(rows),
        b_ub=np.array(highest) + 1e-6,
        bounds=[(0.0, high) for high in [*lots.highest, *-lots.lowest]],
    )

    assert relaxed.fun is not None
    assert found.traded >= relaxed.fun - 1e-6 * (1.0 + abs(relaxed.fun))


# --- the tail ---


def a_tail(seed: int, shortfall: bool, highest: float, candidates: int = 2) -> Tail:
    """Eighty days of a portfolio, and what a lot of each candidate makes on them."""
    random = np.random.default_rng(seed)
    market = random.normal(0.0, 1.0, DAYS)
    before = 1_000.0 * market + random.normal(0.0, 400.0, DAYS)
    effect = np.array([100.0 * market + random.normal(0.0, 40.0, DAYS) for _ in range(candidates)])
    return Tail(before, effect, 95, shortfall, highest)


def test_var_is_the_quantile_of_numpy_and_shortfall_the_mean_beyond() -> None:
    tail = a_tail(3, False, 0.0)
    lots = of(-2.0, 3.0)
    days = np.sort(tail.before + lots @ tail.effect)

    assert tail.at(lots) == pytest.approx(-np.quantile(days, 0.05))
    whole, _ = tail.place
    shortfall = Tail(tail.before, tail.effect, 95, True, 0.0)
    assert shortfall.at(lots) == pytest.approx(-days[: whole + 1].mean())


@pytest.mark.parametrize("shortfall", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_no_combination_with_a_lower_tail_is_cheaper(seed: int, shortfall: bool) -> None:
    tail = a_tail(seed, shortfall, 0.0)
    lots = lots_of([70.0, 90.0], 9)
    share = (0.6, 0.75, 0.9)[seed % 3]
    target = Tail(tail.before, tail.effect, 95, shortfall, share * tail.at(np.zeros(2)))
    by_force = least_by_force(lots, [target], np.inf)

    found = suggestion(lots, [target], np.inf, EXACT)

    assert found.lots is not None
    assert found.traded == pytest.approx(by_force)
    assert found.gap == pytest.approx(0.0, abs=1e-6)
    assert target.at(found.lots) <= target.highest + 1e-6


def test_a_tail_and_a_sum_are_met_together() -> None:
    tail = a_tail(11, False, 0.0, candidates=3)
    target = Tail(tail.before, tail.effect, 95, False, 0.8 * tail.at(np.zeros(3)))
    flat = Linear(40.0, of(10.0, -7.0, 3.0), 0.0, 20.0)
    lots = lots_of([70.0, 90.0, 40.0], 4)
    by_force = least_by_force(lots, [target, flat], np.inf)

    found = suggestion(lots, [target, flat], np.inf, EXACT)

    assert found.traded == pytest.approx(by_force)


# --- what is in the way ---


def test_the_bound_that_binds_is_named_with_the_best_that_is_reached() -> None:
    lots = Lots(of(10.0, 5.0), of(-3.0, 0.0), of(3.0, 0.0))

    found = suggestion(lots, [Linear(100.0, of(10.0, 1.0), 0.0, 0.0)], np.inf, EXACT)

    assert found.lots is None
    assert kinds(found) == [("target", 0, None), ("bound", 0, 0), ("bound", 0, 1)]
    assert [each.best for each in found.obstacles] == pytest.approx([70.0, -3.0, 0.0])


def test_the_dollars_that_bind_are_named() -> None:
    found = suggestion(lots_of([10.0], 50), [Linear(100.0, of(10.0), -np.inf, 0.0)], 45.0, EXACT)

    assert kinds(found) == [("target", 0, None), ("most_dollars", 0, None)]
    assert found.obstacles[0].best == pytest.approx(55.0)  # in fractions of a lot


def test_targets_that_exclude_each_other_are_named() -> None:
    lots = lots_of([10.0], 50)
    less = Linear(0.0, of(10.0), -np.inf, -50.0)
    more = Linear(0.0, of(20.0), 30.0, np.inf)

    assert kinds(suggestion(lots, [less, more], np.inf, EXACT)) == [
        ("conflict", 0, None),
        ("conflict", 1, None),
    ]


def test_a_measure_that_no_candidate_moves_is_named() -> None:
    found = suggestion(lots_of([10.0], 5), [Linear(7.0, of(0.0), 0.0, 0.0)], np.inf, EXACT)

    assert kinds(found) == [("target", 0, None), ("no_effect", 0, None)]


def test_whole_lots_that_come_no_nearer_are_named() -> None:
    found = suggestion(lots_of([10.0], 50), [Linear(5.0, of(10.0), 0.0, 2.0)], np.inf, EXACT)

    assert kinds(found) == [("target", 0, None), ("lots", 0, None)]


def test_a_tail_out_of_reach_names_the_bound() -> None:
    tail = a_tail(4, False, 10.0)

    found = suggestion(lots_of([70.0, 90.0], 2), [tail], np.inf, EXACT)

    assert kinds(found)[0] == ("target", 0, None)
    assert {kind for kind, _, _ in kinds(found)[1:]} == {"bound"}


def test_what_is_met_already_trades_nothing() -> None:
    found = suggestion(lots_of([10.0], 50), [Linear(5.0, of(10.0), 0.0, 8.0)], np.inf, EXACT)

    assert (found.lots is not None and not found.lots.any(), found.traded) == (True, 0.0)


def test_the_same_question_has_the_same_answer() -> None:
    tail = a_tail(8, False, 0.0, candidates=4)
    target = Tail(tail.before, tail.effect, 95, False, 0.7 * tail.at(np.zeros(4)))
    lots = lots_of([70.0, 90.0, 80.0, 60.0], 40)

    first, *others = [suggestion(lots, [target], np.inf, EXACT).lots for _ in range(3)]

    assert first is not None
    assert all(each is not None and np.array_equal(each, first) for each in others)

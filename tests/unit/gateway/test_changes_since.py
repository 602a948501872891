"""What moved a figure: parts of every kind add up to the difference, to the cent."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.analytics.shapes.changes import (
    OTHERS,
    OVERLAP,
    REST,
    Mover,
    Part,
    change,
    moved_between,
    shortened,
    side_of,
)

AAPL, MSFT, XOM = (UUID(int=place) for place in (1, 2, 3))
MOVERS = {
    AAPL: Mover(AAPL, "AAPL", "Technology", ("core", "tech")),
    MSFT: Mover(MSFT, "MSFT", "Technology", ("tech",)),
    XOM: Mover(XOM, "XOM", None, ()),
}
AMOUNTS = st.floats(-1e9, 1e9).map(lambda amount: round(amount, 6))
TAGS = st.lists(st.sampled_from(["core", "tech", "hedge"]), unique=True).map(tuple)


def by_key(parts: list[Part]) -> dict[str, Decimal]:
    return {part.key: part.difference for part in parts}


def test_what_a_position_that_was_deleted_meanwhile_moved_is_of_none() -> None:
    found = change(100.0, 130.0, {AAPL: 20.0, UUID(int=9): 10.0}, MOVERS)

    assert by_key([*found.by_position]) == {str(AAPL): Decimal("20.00"), REST: Decimal("10.00")}
    assert by_key([*found.by_sector])[REST] == Decimal("10.00")
    assert by_key([*found.by_tag])[REST] == Decimal("10.00")


@given(
    st.lists(st.tuples(AMOUNTS, st.sampled_from(["A", "B", None]), TAGS), max_size=30),
    st.dictionaries(st.sampled_from(["market", "value", "specific"]), AMOUNTS, min_size=1),
    AMOUNTS,
    AMOUNTS,
    st.integers(1, 5),
)
def test_parts_of_every_kind_add_up_to_the_cent(
    held: list[tuple[float, str | None, tuple[str, ...]]],
    factors: dict[str, float],
    before: float,
    after: float,
    most: int,
) -> None:
    """For any figures: what is left to no position or factor is a separate part."""
    ids = [uuid4() for _ in held]
    moved = {each: amount for each, (amount, _, _) in zip(ids, held, strict=True)}
    movers = {
        each: Mover(each, "S", sector, tags)
        for each, (_, sector, tags) in zip(ids, held, strict=True)
    }

    found = change(before, after, moved, movers, factors)

    assert found.before is not None
    assert found.after is not None
    assert found.difference == found.after - found.before
    lists = (found.by_position, found.by_sector, found.by_tag, found.by_factor)
    for parts in (*lists, shortened(found.by_position, most)):
        assert sum((part.difference for part in parts), Decimal(0)) == found.difference
        assert all(part.difference == round(part.difference, 2) for part in parts)


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=30))
def test_nothing_is_left_when_positions_explain_the_figure(
    values: list[tuple[float, float]],
) -> None:
    before = {uuid4(): value for value, _ in values}
    after = dict(zip(before, (value for _, value in values), strict=True))
    movers = {each: Mover(each, "S", None, ()) for each in before}

    found = change(sum(before.values()), sum(after.values()), moved_between(before, after), movers)

    assert abs(by_key(list(found.by_position)).get(REST, Decimal(0))) <= Decimal("0.01")


def test_a_position_counts_in_each_of_its_tags_and_the_overlap_takes_it_back() -> None:
    found = change(0.0, 18.0, {AAPL: 10.0, MSFT: 5.0, XOM: 3.0}, MOVERS)

    assert by_key(list(found.by_tag)) == {
        "tech": 15, "core": 10, "without a tag": 3, OVERLAP: -10,
    }  # fmt: skip
    assert by_key(list(found.by_sector)) == {"Technology": 15, "sector unknown": 3}
    assert [part.name for part in found.by_position] == ["AAPL", "MSFT", "XOM"]


def test_positions_not_shown_are_one_part() -> None:
    found = change(0.0, 20.0, {AAPL: 10.0, MSFT: -5.0, XOM: 3.0}, MOVERS)

    assert by_key(shortened(found.by_position, 1)) == {str(AAPL): 10, OTHERS: -2, REST: 12}


def test_a_figure_without_parts_is_compared_and_an_unknown_one_is_not() -> None:
    assert change(1.005, 2.0, None, MOVERS).difference == Decimal("0.99")
    assert change(1.0, 2.0, None, MOVERS).by_position == ()
    assert change(None, 2.0, {AAPL: 2.0}, MOVERS).difference is None


@pytest.mark.parametrize(
    ("side", "parts"),
    [("long", [3.0, 0.0]), ("short", [0.0, -2.0]), ("gross", [3.0, 2.0]), ("net", [3.0, -2.0])],
)
def test_sides_of_an_exposure_add_up_over_positions(side: str, parts: list[float]) -> None:
    assert [side_of(value, side) for value in (3.0, -2.0)] == parts

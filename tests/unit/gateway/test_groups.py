"""Groups of positions: what they have in common, and what they add up to."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.books.shapes import GroupBy, by_tag, grouped, keys_of, strategies, sums
from services.gateway.edge.shapes import GREEKS

NAMES = st.lists(
    st.sampled_from(["tech", "core", "strategy:a", "Strategy: b", "strategy:"]), unique=True
)
VALUES = st.one_of(st.none(), st.integers(-10_000, 10_000).map(Decimal))


def a_row(
    value: Decimal | None = Decimal(100), tags: list[str] | None = None, **more: Any
) -> dict[str, Any]:
    """A valued position in stock."""
    greeks = (
        dict.fromkeys(GREEKS) if value is None else {**dict.fromkeys(GREEKS, 0.0), "delta": 1.0}
    )
    return {
        "position_id": object(),
        "symbol": "AAPL",
        "underlying": "AAPL",
        "position_type": "LONG",
        "instrument": "stock",
        "investment_class": "PUBLIC",
        "sector": None,
        "option_type": None,
        "strike": None,
        "tags": tags or [],
        "quantity": Decimal(1),
        "multiplier": 1,
        "entry_price": Decimal(90),
        "cost": Decimal(90),
        "realised_pnl": None,
        "price": value,
        "stale": False,
        "market_value": value,
        "unrealised_pnl": None if value is None else value - 90,
        "daily_pnl": None,
        "weight": None if value is None else 0.25,
        "notional_exposure": value,
        "delta_adjusted_exposure": value,
        "greeks": greeks,
        "reason": None if value is not None else "not valued",
        **more,
    }


def test_a_position_belongs_to_each_of_its_tags_and_strategies() -> None:
    row = a_row(tags=["tech", "strategy:a", "Strategy: a", "strategy:"])

    assert keys_of(row, GroupBy.TAG) == ["tech", "strategy:a", "Strategy: a", "strategy:"]
    assert keys_of(row, GroupBy.STRATEGY) == ["a"]
    assert keys_of(a_row(), GroupBy.TAG) == keys_of(a_row(), GroupBy.SECTOR) == [None]


@pytest.mark.parametrize(
    ("tag", "names"),
    [
        ("strategy:a", ["a"]),
        ("STRATEGY: a b ", ["a b"]),
        ("strategy:", []),
        ("strategy", []),
        ("a", []),
    ],
)
def test_a_strategy_is_a_tag_named_so(tag: str, names: list[str]) -> None:
    assert strategies([tag]) == names


@given(st.lists(VALUES, min_size=1), st.sampled_from(["LONG", "SHORT"]))
def test_groups_without_overlap_add_up_to_the_whole(
    values: list[Decimal | None], kind: str
) -> None:
    rows = [a_row(value, position_type=kind if n % 2 else "LC") for n, value in enumerate(values)]

    groups = grouped(rows, GroupBy.TYPE, sums)
    whole = sums(rows)

    for measure in ("dollar", "notional", "delta_adjusted"):
        parts = [group["exposures"][measure] for group in groups if group["exposures"][measure]]
        for part in ("long", "short", "gross", "net"):
            known = whole["exposures"][measure]
            assert sum(each[part] for each in parts) == (known[part] if known else 0)
    assert sum(group["positions"] for group in groups) == whole["positions"] == len(rows)


@given(st.lists(st.tuples(VALUES, NAMES), min_size=1))
def test_groups_of_tags_hold_every_position_at_least_once(
    held: list[tuple[Decimal | None, list[str]]],
) -> None:
    rows = [a_row(value, names) for value, names in held]

    groups = grouped(rows, GroupBy.TAG, sums)

    ids = {position for group in groups for position in group["position_ids"]}
    assert ids == {row["position_id"] for row in rows}
    assert sum(group["positions"] for group in groups) == sum(
        max(1, len(names)) for _, names in held
    )


def test_long_is_positive_short_is_negative_gross_their_distance() -> None:
    dollar = sums([a_row(Decimal(100)), a_row(Decimal(-30)), a_row(None)])["exposures"]["dollar"]

    assert dollar == {"long": 100, "short": -30, "gross": 130, "net": 70}


def test_what_has_no_number_is_null_uncovered_and_named() -> None:
    nothing = sums([a_row(None)])
    half = sums([a_row(Decimal(90)), a_row(None)])

    assert (nothing["market_value"], nothing["exposures"]["dollar"], nothing["cost"]) == (
        None,
        None,
        90,
    )
    assert half["coverage"]["prices"] == pytest.approx(0.5)
    assert [row["reason"] for row in half["left_out"]] == ["not valued"]


def test_an_option_without_greeks_is_not_covered() -> None:
    option: dict[str, Any] = {"option_type": "C", "strike": Decimal(100)}
    without = a_row(Decimal(50), **option, greeks=dict.fromkeys(GREEKS))

    assert sums([a_row(Decimal(50), **option), without])["coverage"]["greeks"] == pytest.approx(0.5)


def test_the_largest_group_comes_first_and_the_rest_last() -> None:
    rows = [
        a_row(Decimal(1), sector="Small"),
        a_row(Decimal(-9), sector="Large"),
        a_row(None, sector="Unknown value"),
        a_row(Decimal(99)),
    ]

    assert [group["key"] for group in grouped(rows, GroupBy.SECTOR, sums)] == [
        "Large",
        "Small",
        "Unknown value",
        None,
    ]


def test_strategies_are_shown_with_types_and_symbols() -> None:
    tags = [
        {"tag_id": n, "name": name, "colour": "#000000"}
        for n, name in enumerate(["strategy:a", "tech"])
    ]
    rows = [
        a_row(tags=["strategy:a"]),
        a_row(tags=["strategy:a"], position_type="LC", symbol="C"),
        a_row(),
    ]

    (found,) = by_tag(rows, tags)

    assert (found["name"], found["types"], found["symbols"]) == (
        "a",
        {"LC": 1, "LONG": 1},
        ["AAPL", "C"],
    )
    assert found["market_value"] == 200


def test_expiries_come_in_their_order_and_stock_last() -> None:
    days = [date(2023, 6, 16), None, date(2023, 1, 20)]
    rows = [a_row(Decimal(100 - place), expiry=day) for place, day in enumerate(days)]

    groups = grouped(rows, GroupBy.EXPIRY, sums)

    assert [(group["key"], group["name"]) for group in groups] == [
        ("2023-01-20", "2023-01-20"),
        ("2023-06-16", "2023-06-16"),
        (None, "without an expiry"),
    ]

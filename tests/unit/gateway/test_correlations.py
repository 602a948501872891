"""Matrices from pairs, clusters with their members, positions that are left out."""

from typing import Any

from services.gateway.analytics.shapes.correlations import (
    left_out,
    matrix,
    off_diagonal,
    qualities,
    with_members,
)

PAIRS = [
    {"a": "A", "b": "A", "rho": 1.0},
    {"a": "A", "b": "B", "rho": 0.5},
    {"a": "B", "b": "A", "rho": 0.5},
    {"a": "B", "b": "B", "rho": 1.0},
]


def a_position(
    symbol: str, underlying: str, exposure: float | None = 1.0, reason: str | None = None
) -> Any:
    named = {"position_id": f"id of {symbol}", "symbol": symbol, "underlying": underlying}
    return {**named, "exposure": exposure, "reason": reason}


def test_square_follows_the_order_asked_for() -> None:
    assert matrix(PAIRS, ["B", "A"], "rho", ("a", "b")) == [[1.0, 0.5], [0.5, 1.0]]
    assert matrix(PAIRS, ["B"], "rho", ("a", "b")) == [[1.0]]
    assert matrix([], ["B", "C"], "rho", ("a", "b")) == [[None, None], [None, None]]


def test_statistics_leave_out_the_diagonal_and_the_unknown() -> None:
    square: list[list[float | None]] = [[1.0, 0.25, None], [0.25, 1.0, -0.75], [None, -0.75, 1.0]]

    assert off_diagonal(square) == {"mean": -0.25, "min": -0.75, "max": 0.25}
    assert off_diagonal([[1.0]]) == {"mean": None, "min": None, "max": None}


def test_absent_qualities_count_zero() -> None:
    assert qualities({"limited_history": 3}) == {
        "full_history": 0,
        "limited_history": 3,
        "insufficient": 0,
    }


def test_members_stand_under_their_cluster() -> None:
    found = with_members(
        [{"cluster": 1, "members": 2}, {"cluster": 2, "members": 2}],
        [
            {"cluster": cluster, "symbol": symbol}
            for cluster, symbol in ((2, "C"), (1, "A"), (1, "B"), (2, "D"))
        ],
    )

    assert [[member["symbol"] for member in cluster["members"]] for cluster in found] == [
        ["A", "B"],
        ["C", "D"],
    ]


def test_position_is_left_out_with_its_underlying_or_for_itself() -> None:
    exposed = [
        a_position("XOM230616C00100000", "XOM", None, "no Greeks of it"),
        a_position("XOM", "XOM"),
        a_position("F230616C00010000", "F"),
        a_position("F", "F"),
        a_position("NOPE", "NOPE", None, "no close of NOPE"),
    ]
    out = [
        {"symbol": "F", "code": "below_value", "message": "too small"},
        {"symbol": "NOPE", "code": "no_exposure", "message": "nothing known"},
    ]

    found = left_out(exposed, out, [{"symbol": "XOM"}])

    assert [(entry["symbol"], entry["code"], entry["reason"]) for entry in found] == [
        ("F", "below_value", "F: too small"),
        ("F230616C00010000", "below_value", "F: too small"),
        ("NOPE", "no_exposure", "no close of NOPE"),
        ("XOM230616C00100000", "no_exposure", "no Greeks of it"),
    ]


def test_side_covers_only_its_underlyings() -> None:
    assert left_out([a_position("XOM", "XOM"), a_position("F", "F")], [], [{"symbol": "XOM"}]) == []

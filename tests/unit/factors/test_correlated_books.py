"""Which underlyings are kept, and a portfolio worked by hand."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from services.factors.calculations.correlated_books import (
    BookCorrelations,
    Cluster,
    ClusterMember,
    book_correlations,
)
from services.factors.calculations.selection import (
    LARGEST_KEPT,
    Keep,
    Parameters,
    Selection,
    selection,
)
from services.factors.inputs import HeldPortfolio, HeldUnderlying
from services.factors.tables import CorrelationPair
from shared.arrays import FloatArray
from shared.contracts.gateway import CorrelationParameters
from shared.rows import Row, finite_or_none, rows_of
from tests import panel

DEFAULT = Parameters(**CorrelationParameters().model_dump())


def a_group(symbol: str, value: float | None, **more: Any) -> HeldUnderlying:
    rest: dict[str, Any] = {"positions": 1, "positions_unmeasured": 0, "tags": (), "sector": None}
    return HeldUnderlying(symbol, value, **(rest | more))


def chosen_from(groups: Sequence[HeldUnderlying], parameters: Parameters = DEFAULT) -> Selection:
    return selection(HeldPortfolio(UUID(int=1), groups), parameters)


def record_of(book: BookCorrelations) -> dict[str, Any]:
    """The figures by column, None where there is none."""
    found = asdict(book.figures())
    return {
        name: finite_or_none(value) if isinstance(value, float) else value
        for name, value in found.items()
    }


def pairs_of(book: BookCorrelations) -> list[Row]:
    return [row for part in book.pair_columns() for row in rows_of(CorrelationPair, part)]


def clusters_of(book: BookCorrelations) -> list[Cluster]:
    return list(book.named_clusters())


def members_of(book: BookCorrelations) -> list[ClusterMember]:
    return list(book.cluster_members())


def closes_of(*returns: FloatArray) -> FloatArray:
    """Prices from 100 on that have these log returns, a column each."""
    paths = np.cumsum(np.column_stack(returns), axis=0)
    return 100.0 * np.exp(np.vstack([np.zeros(len(returns)), paths]))


def waves(days: int = 90) -> tuple[FloatArray, FloatArray]:
    """Two series of 1 % moves without any correlation: up-down-up-down, and up-up-down-down."""
    return np.tile([0.01, -0.01], days)[:days], np.tile([0.01, 0.01, -0.01, -0.01], days)[:days]


def by_hand() -> BookCorrelations:
    """100,000 of A, 50,000 short of B which moves like A, 50,000 of C which does not."""
    fast, slow = waves(88)
    groups = (
        a_group("A", 100_000.0, tags=("core",)),
        a_group("B", -50_000.0),
        a_group("C", 50_000.0),
    )
    return book_correlations(chosen_from(groups), closes_of(fast, 2.0 * fast, slow), DEFAULT)


def test_portfolio_worked_by_hand() -> None:
    """Weights 1/2, -1/4, 1/4; rho(A,B) = 1, the others 0: w'rho w = (1/4)^2 + (1/4)^2 = 0.125."""
    record = record_of(by_hand())

    assert record["overall_correlation"] == pytest.approx(1.0 / 3.0)
    assert record["effective_positions"] == pytest.approx(8.0)
    assert record["concentration"] == pytest.approx(0.75)
    assert (record["coverage"], record["kept_value"], record["gross_value"]) == (
        1.0,
        200_000.0,
        200_000.0,
    )
    assert (record["symbols_kept"], record["symbols_left_out"], record["clusters"]) == (3, 0, 1)
    assert (record["psd_repaired"], record["largest_repair"]) == (False, 0.0)
    assert [(kept["symbol"], kept["value"], kept["weight"]) for kept in record["kept"]] == [
        ("A", 100_000.0, 0.5),
        ("B", -50_000.0, 0.25),
        ("C", 50_000.0, 0.25),
    ]
    assert [cluster["symbols"] for cluster in record["linkage_clusters"]] == [["A", "B"]]
    assert record["hedging_pairs"] == 1
    (hedge,) = record["hedges"]
    assert (hedge["symbol_a"], hedge["symbol_b"]) == ("A", "B")
    assert (hedge["value_a"], hedge["value_b"]) == (100_000.0, -50_000.0)
    assert hedge["correlation"] == pytest.approx(1.0)


def test_pairs_worked_by_hand() -> None:
    pairs = {(row["symbol_a"], row["symbol_b"]): row for row in pairs_of(by_hand())}

    assert len(pairs) == 9
    assert pairs["A", "B"]["correlation"] == pairs["B", "A"]["correlation"] == pytest.approx(1.0)
    assert pairs["A", "C"]["correlation"] == pytest.approx(0.0, abs=1e-12)
    assert pairs["C", "C"]["correlation"] == 1.0
    assert {(row["observations"], row["quality"], row["reason"]) for row in pairs.values()} == {
        (88, "limited_history", None)
    }


def test_cluster_worked_by_hand() -> None:
    book = by_hand()

    (cluster,) = clusters_of(book)
    first, second = members_of(book)

    assert (cluster.cluster, cluster.name, cluster.members) == (1, "A cluster", 2)
    assert (cluster.value, cluster.weight) == (150_000.0, 0.75)
    assert cluster.mean_correlation == pytest.approx(1.0)
    assert (first.symbol, first.value, first.weight) == ("A", 100_000.0, 0.5)
    assert (second.symbol, second.value, second.weight) == ("B", -50_000.0, 0.25)
    assert second.mean_correlation == pytest.approx(1.0)


def test_weights_of_what_is_kept_add_up_to_one() -> None:
    groups = tuple(
        a_group(symbol, 20_000.0 + index) for index, symbol in enumerate(panel.symbols())
    )
    chosen = chosen_from((*groups, a_group("tiny", 10.0)))

    book = book_correlations(chosen, panel.closes(*chosen.symbols, last=91), DEFAULT)

    assert book.weights.sum() == pytest.approx(1.0)
    assert 0.99 < book.coverage < 1.0
    assert 1.0 < book.effective_positions < len(groups)
    record = record_of(book)
    assert {row["quality"] for row in pairs_of(book)} == {"full_history"}
    assert sum(cluster.weight for cluster in clusters_of(book)) == pytest.approx(
        record["concentration"]
    )
    assert sum(m.weight for m in members_of(book)) == pytest.approx(record["concentration"])


# 1 % of 1,010,000 is 10,100: "light" is large enough by value alone, "small" by neither; "small" is
# heavy in a book where it is half.
@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ("both", ["big"]),
        ("either", ["big", "light"]),
        ("value_only", ["big", "light"]),
        ("weight_only", ["big"]),
    ],
)
def test_large_positions_may_be_light(keep: Keep, kept: list[str]) -> None:
    groups = [a_group("big", 2_000_000.0), a_group("light", -12_000.0), a_group("small", 9_999.0)]

    assert list(chosen_from(groups, replace(DEFAULT, keep=keep)).symbols) == kept


@pytest.mark.parametrize(
    ("keep", "kept"),
    [("both", []), ("either", ["a", "b"]), ("value_only", []), ("weight_only", ["a", "b"])],
)
def test_heavy_positions_may_be_small(keep: Keep, kept: list[str]) -> None:
    groups = [a_group("a", 900.0), a_group("b", -100.0)]

    assert list(chosen_from(groups, replace(DEFAULT, keep=keep)).symbols) == kept


def test_minimums_themselves_are_large_enough() -> None:
    groups = [a_group("rest", 990_000.0), a_group("edge", -10_000.0)]

    assert chosen_from(groups).symbols == ("rest", "edge")


def test_everything_left_out_has_a_reason() -> None:
    groups = [
        a_group("rest", 2_000_000.0),
        a_group("light", 12_000.0),
        a_group("tiny", 5.0),
        a_group("unpriced", None, positions_unmeasured=1),
        a_group("expired", 0.0),
    ]

    left_out = {out.symbol: out for out in chosen_from(groups).left_out}

    assert {symbol: out.code for symbol, out in left_out.items()} == {
        "light": "below_weight",
        "tiny": "below_value_and_weight",
        "unpriced": "no_exposure",
        "expired": "no_value",
    }
    assert left_out["light"].message == "its weight of 0.60% is below 1.00%"
    assert left_out["tiny"].message.startswith(
        "its value of 5.00 USD is below 10,000.00 USD and its weight"
    )


def test_at_most_a_thousand_are_correlated() -> None:
    groups = [a_group(f"S{number:04d}", 20_000.0 + number) for number in range(LARGEST_KEPT + 3)]

    chosen = chosen_from(groups, replace(DEFAULT, keep="value_only"))

    assert len(chosen.kept) == LARGEST_KEPT
    assert [(out.symbol, out.code) for out in chosen.left_out] == [
        (f"S{number:04d}", "beyond_the_largest") for number in (2, 1, 0)
    ]


def test_symbols_without_enough_returns_are_left_out_with_a_reason() -> None:
    fast, slow = waves(90)
    young, still, edge = fast.copy(), np.zeros(90), slow.copy()
    young[:71] = np.nan
    closes = closes_of(fast, young, still, edge)
    closes[:71, 1] = np.nan
    closes[:70, 3] = np.nan
    groups = [a_group(symbol, 50_000.0) for symbol in ("a_fast", "b_young", "c_still", "d_edge")]
    closes[71:, 1] = 100.0 + np.arange(20)

    book = book_correlations(chosen_from(groups), closes, DEFAULT)

    assert book.chosen.symbols == ("a_fast", "d_edge")
    assert [(out.symbol, out.code, out.message) for out in book.chosen.left_out] == [
        ("b_young", "too_few_returns", "19 returns in the window; 20 are needed"),
        ("c_still", "never_moved", "its price did not move in the window"),
    ]
    assert book.coverage == pytest.approx(0.5)
    assert [(caveat.code, caveat.about) for caveat in book.caveats()] == [
        ("too_few_returns", ("b_young",)),
        ("never_moved", ("c_still",)),
    ]
    assert book.matrix.observations[1, 1] == 20


def test_pair_without_a_common_window_is_null_with_a_reason() -> None:
    closes = panel.closes("AAPL", "MSFT", "XOM", last=91)
    closes[:50, 0] = np.nan
    closes[60:, 1] = np.nan
    groups = [a_group("AAPL", 30_000.0), a_group("MSFT", 20_000.0), a_group("XOM", 10_000.0)]

    book = book_correlations(chosen_from(groups), closes, DEFAULT)

    pairs = {(row["symbol_a"], row["symbol_b"]): row for row in pairs_of(book)}
    apart = pairs["AAPL", "MSFT"]
    assert (apart["correlation"], apart["quality"], apart["observations"]) == (
        None,
        "insufficient",
        9,
    )
    assert apart["reason"] == "9 common returns; 20 are needed"
    assert pairs["AAPL", "XOM"]["quality"] == "limited_history"
    assert [(caveat.code, caveat.about) for caveat in book.caveats()] == [
        ("pairs_unmeasured", ("MSFT",))
    ]
    two = book.matrix.values[0, 2]
    assert book.effective_positions == pytest.approx(
        1.0 / (0.75**2 + 0.25**2 + 2 * 0.75 * 0.25 * two)
    )


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ([], "no exposures of this portfolio are stored for the session"),
        ([a_group("A", 5.0)], "0 of 1 underlyings kept: a correlation needs two"),
        ([a_group("A", 50_000.0)], "1 of 1 underlyings kept: a correlation needs two"),
    ],
)
def test_too_little_to_correlate_is_null_with_a_reason(
    groups: list[HeldUnderlying], reason: str
) -> None:
    chosen = chosen_from(groups)

    closes = panel.closes("AAPL", last=91)[:, : len(chosen.kept)]
    record = record_of(book_correlations(chosen, closes, DEFAULT))

    assert (record["overall_correlation"], record["reason"]) == (None, reason)
    assert record["clusters"] == 0
    assert (record["effective_positions"] is None) == (not chosen.kept)


def test_only_the_window_counts() -> None:
    groups = [a_group("AAPL", 30_000.0), a_group("XOM", 20_000.0)]
    longer = panel.closes("AAPL", "XOM", last=300)

    found = book_correlations(chosen_from(groups), longer, DEFAULT)

    expected = book_correlations(chosen_from(groups), longer[-91:], DEFAULT)
    assert found.matrix.values[0, 1] == expected.matrix.values[0, 1]
    assert found.matrix.observations[0, 1] == 90


def test_proxies_of_the_market_form_a_cluster_named_by_their_tag() -> None:
    groups = [
        a_group(symbol, 50_000.0 - index, tags=("market",) if index < 5 else ())
        for index, symbol in enumerate(panel.PROXIES)
    ]

    book = book_correlations(chosen_from(groups), panel.closes(*panel.PROXIES, last=91), DEFAULT)

    (cluster,) = clusters_of(book)
    assert (cluster.members, cluster.name) == (7, "market")
    assert book.concentration == pytest.approx(1.0)
    assert book.effective_positions < 1.3


def test_sides_share_the_matrix_and_have_separate_figures() -> None:
    """Long SPY and QUAL, short IWM and XOM: the two ETFs held are a cluster of the longs."""
    signed = {"SPY": 60_000.0, "QUAL": 20_000.0, "IWM": -50_000.0, "XOM": -30_000.0, "AAPL": -10.0}
    chosen = chosen_from([a_group(symbol, value) for symbol, value in signed.items()])

    whole, longs, shorts = book_correlations(
        chosen, panel.closes(*chosen.symbols, last=91), DEFAULT
    ).views()

    assert (whole.view, longs.view, shorts.view) == ("portfolio", "longs", "shorts")
    assert (longs.chosen.symbols, shorts.chosen.symbols) == (("SPY", "QUAL"), ("IWM", "XOM"))
    assert longs.matrix.values[0, 1] == whole.matrix.values[0, 3]
    assert longs.weights.tolist() == [0.75, 0.25]
    assert [(cluster.view, cluster.members) for cluster in clusters_of(longs)] == [("longs", 2)]
    rho = longs.matrix.values[0, 1]
    assert longs.effective_positions == pytest.approx(
        1 / (0.75**2 + 0.25**2 + 2 * 0.75 * 0.25 * rho)
    )
    assert (record_of(longs)["left_out"], longs.coverage) == ([], 1.0)
    assert [out["symbol"] for out in record_of(shorts)["left_out"]] == ["AAPL"]
    assert shorts.coverage == pytest.approx(80_000 / 80_010)


def test_side_with_one_symbol_has_no_correlation() -> None:
    shorts = record_of(by_hand().views()[2])

    assert (
        shorts["symbols_kept"],
        shorts["overall_correlation"],
        shorts["effective_positions"],
    ) == (
        1,
        None,
        1.0,
    )
    assert shorts["reason"] == "1 of 1 underlyings kept: a correlation needs two"

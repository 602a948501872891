"""Clusters against networkx, and their names."""

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.factors.calculations.clusters import (
    Member,
    average_linkage,
    cluster_name,
    clusters,
    components,
    hedging_pairs,
)
from shared.arrays import FloatArray

Links = list[tuple[int, int]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, Links]:
    """Up to 40 nodes, from no link to many."""
    nodes = draw(st.integers(0, 40))
    node = st.integers(0, max(nodes - 1, 0))
    return nodes, draw(st.lists(st.tuples(node, node), max_size=60)) if nodes else []


def matrix_of(nodes: int, links: Links, linked: float = 0.9, other: float = 0.1) -> FloatArray:
    values = np.full((nodes, nodes), other)
    for one, two in links:
        values[one, two] = values[two, one] = linked
    np.fill_diagonal(values, 1.0)
    return values


@given(graphs())
def test_components_are_those_of_networkx(graph: tuple[int, Links]) -> None:
    nodes, links = graph
    known = networkx.Graph(links)
    known.add_nodes_from(range(nodes))

    found = components(matrix_of(nodes, links) >= 0.7)

    assert {frozenset(part) for part in found} == {
        frozenset(p) for p in networkx.connected_components(known)
    }
    assert sorted(node for part in found for node in part) == list(range(nodes))


@given(st.integers(0, 30), st.integers(0, 10_000), st.floats(0.1, 0.95))
def test_clusters_of_random_correlations_are_those_of_networkx(
    symbols: int, seed: int, threshold: float
) -> None:
    random = np.random.default_rng(seed)
    values = np.corrcoef(random.normal(size=(8, symbols)), rowvar=False).reshape(symbols, symbols)
    values[random.random((symbols, symbols)) < 0.1] = np.nan
    values = np.triu(values, 1) + np.triu(values, 1).T + np.eye(symbols)

    found = clusters(values, threshold, random.random(symbols))

    known = networkx.from_numpy_array(np.nan_to_num(np.abs(values)) >= threshold)
    expected = {frozenset(part) for part in networkx.connected_components(known) if len(part) >= 2}
    assert {frozenset(part) for part in found} == expected


def test_threshold_is_included_and_sign_is_not_asked() -> None:
    values = np.array([[1.0, -0.7, 0.6999], [-0.7, 1.0, 0.1], [0.6999, 0.1, 1.0]])

    assert clusters(values, 0.7, np.ones(3)) == ((0, 1),)


def test_chain_is_one_cluster() -> None:
    """Ends that are not alike belong together through what lies between."""
    assert clusters(matrix_of(4, [(0, 1), (1, 2), (2, 3)]), 0.7, np.ones(4)) == ((0, 1, 2, 3),)


def test_unknown_correlations_link_nothing() -> None:
    values = np.array([[1.0, np.nan], [np.nan, 1.0]])

    assert clusters(values, 0.7, np.ones(2)) == ()


def test_largest_cluster_and_largest_member_come_first() -> None:
    values = matrix_of(7, [(0, 1), (2, 3), (4, 5), (5, 6)])

    found = clusters(values, 0.7, np.array([1.0, 2.0, 5.0, 4.0, 1.0, 1.0, 3.0]))

    assert found == ((6, 4, 5), (2, 3), (1, 0))


def members(*described: tuple[str, set[str], str | None]) -> list[Member]:
    return [Member(*one) for one in described]


def test_name_is_the_tag_that_most_carry() -> None:
    some = [Member(f"S{i}", {"tech", "core"} if i < 7 else set(), "Energy") for i in range(10)]

    assert cluster_name(some) == "core"
    assert cluster_name([*some[:9], Member("S9", {"tech"}, None)]) == "tech"


@pytest.mark.parametrize(("carriers", "name"), [(7, "tech"), (6, "Energy")])
def test_tag_needs_seventy_percent_of_the_members(carriers: int, name: str) -> None:
    some = [Member(f"S{i}", {"tech"} if i < carriers else set(), "Energy") for i in range(10)]

    assert cluster_name(some) == name


def test_sector_needs_seventy_percent_of_the_members() -> None:
    """Two of three are not enough, and an unknown sector counts for none."""
    some = members(("XOM", set(), "Energy"), ("CVX", set(), "Energy"), ("SPY", set(), None))

    assert cluster_name(some) == "XOM cluster"
    assert cluster_name(some[:2]) == "Energy"


def test_without_tag_or_sector_the_largest_gives_the_name() -> None:
    assert cluster_name(members(("MSFT", {"a"}, "Tech"), ("JPM", {"b"}, "Banks"))) == "MSFT cluster"


CHAIN = np.array([[1.0, 0.8, 0.1], [0.8, 1.0, 0.8], [0.1, 0.8, 1.0]])
EQUALS = np.ones(3)


def test_average_linkage_does_not_join_a_chain_that_single_links_do() -> None:
    assert clusters(CHAIN, 0.7, EQUALS) == ((0, 1, 2),)
    assert average_linkage(CHAIN, 0.7, EQUALS) == ((0, 1),)


def test_average_linkage_holds_hedges_apart_that_components_join() -> None:
    mirrored = np.array([[1.0, -0.9], [-0.9, 1.0]])

    assert clusters(mirrored, 0.7, EQUALS[:2]) == ((0, 1),)
    assert average_linkage(mirrored, 0.7, EQUALS[:2]) == ()


@given(st.integers(2, 12), st.integers(0, 2**32 - 1), st.floats(0.1, 0.9))
def test_average_linkage_agrees_with_the_algorithm_by_hand(
    count: int, seed: int, threshold: float
) -> None:
    returns = np.random.default_rng(seed).normal(size=(30, count))
    values = np.corrcoef(returns + returns.mean(axis=1, keepdims=True) * (seed % 3), rowvar=False)
    values = (values + values.T) / 2

    found = average_linkage(values, threshold, np.ones(count))

    assert {frozenset(part) for part in found} == merged_by_hand(values, threshold)


def merged_by_hand(values: FloatArray, threshold: float) -> set[frozenset[int]]:
    """The two closest groups joined until none is within the cut (Sokal and Michener, 1958)."""
    distances = np.sqrt((1.0 - np.clip(values, -1, 1)) / 2.0)
    groups = [frozenset([index]) for index in range(len(values))]
    cut = np.sqrt((1.0 - threshold) / 2.0)
    while len(groups) > 1:
        pairs = [
            (float(np.mean([[distances[i, j] for j in b] for i in a])), a, b)
            for place, a in enumerate(groups)
            for b in groups[place + 1 :]
        ]
        closest, one, other = min(pairs, key=lambda pair: pair[0])
        if closest > cut:
            break
        groups = [group for group in groups if group not in (one, other)] + [one | other]
    return {group for group in groups if len(group) > 1}


def test_pairs_that_hedge_are_those_of_opposite_gain_the_largest_first() -> None:
    values = np.array(
        [
            [1.0, 0.8, -0.75, 0.9],
            [0.8, 1.0, 0.0, 0.2],
            [-0.75, 0.0, 1.0, 0.1],
            [0.9, 0.2, 0.1, 1.0],
        ]
    )
    signed = np.array([100.0, 50.0, 10.0, -80.0])

    # 0 and 3: a long and a short that move together, 72 offset; 0 and 2: two longs apart, 7.5.
    assert hedging_pairs(values, signed, 0.7) == [(0, 3), (0, 2)]
    assert hedging_pairs(np.full((2, 2), np.nan), signed[:2], 0.7) == []

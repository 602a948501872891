"""Clusters of symbols that move together, and what to call them."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from shared.arrays import BoolArray, FloatArray

MINIMUM_MEMBERS = 2
NAMED_BY_TENTHS = 7  # tenths of a cluster's members that must share a tag or a sector for its name


@dataclass(frozen=True)
class Member:
    """What a cluster's name depends on: symbol, tags of its positions, and sector if known."""

    symbol: str
    tags: Collection[str]
    sector: str | None


def clusters(
    values: FloatArray, threshold: float, sizes: FloatArray
) -> tuple[tuple[int, ...], ...]:
    """Connected components of |correlation| >= `threshold` with two members or more.

    `values` is N x N, NaN for unknown. The cluster with the most members comes first, among equals
    the one of the greatest total size; members are indices, the largest by `sizes` (N) first.
    """
    with np.errstate(invalid="ignore"):
        linked = np.abs(values) >= threshold
    return _ordered([part for part in components(linked) if len(part) >= MINIMUM_MEMBERS], sizes)


def _ordered(found: Sequence[tuple[int, ...]], sizes: FloatArray) -> tuple[tuple[int, ...], ...]:
    members = [tuple(sorted(part, key=lambda index: (-sizes[index], index))) for part in found]
    return tuple(sorted(members, key=lambda part: (-len(part), -sizes[list(part)].sum(), part)))


def average_linkage(
    values: FloatArray, threshold: float, sizes: FloatArray
) -> tuple[tuple[int, ...], ...]:
    """Clusters whose members are on average close: no chain of single links joins them.

    Average linkage on the distance sqrt((1 - rho) / 2) (Mantegna, European Physical Journal B 11,
    1999), cut at the distance of a correlation of `threshold`; a pair that hedges is far apart. An
    unknown correlation counts as 0. The order of clusters and members is that of `clusters`.
    """
    if len(values) < MINIMUM_MEMBERS:
        return ()
    # Loaded here: a calculation of once a week, and the process is smaller without it.
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import squareform

    distances = np.sqrt((1.0 - np.nan_to_num(np.clip(values, -1.0, 1.0))) / 2.0)
    np.fill_diagonal(distances, 0.0)
    tree = hierarchy.linkage(squareform(distances, checks=False), method="average")
    numbers = hierarchy.fcluster(tree, np.sqrt((1.0 - threshold) / 2.0), criterion="distance")
    parts = [tuple(np.flatnonzero(numbers == number).tolist()) for number in np.unique(numbers)]
    return _ordered([part for part in parts if len(part) >= MINIMUM_MEMBERS], sizes)


def hedging_pairs(
    values: FloatArray, signed_values: FloatArray, threshold: float
) -> list[tuple[int, int]]:
    """Pairs of which one's gain is the other's loss, the largest amount that they offset first.

    Two longs, or two shorts, with a correlation of -`threshold` or below; a long and a short with
    one of `threshold` or above. The amount is |rho| x the smaller |value|. `signed_values`: (N) in
    USD.
    """
    signs = np.sign(signed_values)
    with np.errstate(invalid="ignore"):
        hedges = values * np.outer(signs, signs) <= -threshold
    first, second = np.nonzero(np.triu(hedges, 1))
    smaller = np.minimum(np.abs(signed_values[first]), np.abs(signed_values[second]))
    order = np.argsort(-smaller * np.abs(values[first, second]), kind="stable")
    return list(zip(first[order].tolist(), second[order].tolist(), strict=True))


def components(linked: BoolArray) -> list[tuple[int, ...]]:
    """The connected components of a graph given as a symmetric matrix of links.

    The diagonal is ignored.
    """
    waiting = np.ones(len(linked), dtype=np.bool_)
    found = []
    for start in range(len(linked)):
        if waiting[start]:
            part = _reachable(linked, start)
            waiting &= ~part
            found.append(tuple(np.flatnonzero(part).tolist()))
    return found


def _reachable(linked: BoolArray, start: int) -> BoolArray:
    reached = np.zeros(len(linked), dtype=np.bool_)
    reached[start] = True
    front = reached
    while front.any():
        front = linked[front].any(axis=0) & ~reached
        reached = reached | front
    return reached


def cluster_name(members: Sequence[Member]) -> str:
    """A tag that 70 % of the members carry, else the sector of 70 %, else "<largest> cluster".

    `members` come largest first. Of several such tags the most carried wins, then the first by
    alphabet.
    """
    tag = _shared_by_most([tag for member in members for tag in set(member.tags)], len(members))
    sector = _shared_by_most((member.sector for member in members if member.sector), len(members))
    return tag or sector or f"{members[0].symbol} cluster"


def _shared_by_most(words: Iterable[str], members: int) -> str | None:
    counted = sorted(Counter(words).items(), key=lambda entry: (-entry[1], entry[0]))
    return next((word for word, count in counted if 10 * count >= NAMED_BY_TENTHS * members), None)

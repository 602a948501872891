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
    found = [part for part in components(linked) if len(part) >= MINIMUM_MEMBERS]
    members = [tuple(sorted(part, key=lambda index: (-sizes[index], index))) for part in found]
    return tuple(sorted(members, key=lambda part: (-len(part), -sizes[list(part)].sum(), part)))


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

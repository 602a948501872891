"""Which snapshots a run must take, so that the order in which sessions run does not matter.

A snapshot of session t depends on the snapshot before it (daily P&L is measured from it) and on
prices dated at or before t. Running session d can therefore change, besides d itself: the snapshot
after d, whose P&L starts at d; every later snapshot that carries a price forward which is no longer
the last one known, because d brought a newer or a different one; and the snapshot after each of
those. NAV is anchored on equity statements and on the session that the portfolio was first valued
on: those sessions are taken with the first run that needs them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date

from services.snapshots.inputs import Anchors, DueSnapshot, History, Plan


def snapshot_plan(as_of: date, history: History) -> Plan:
    """What a run of `as_of` takes: `as_of` for every portfolio, its anchors, what depends on them.

    A session affected for one portfolio is taken again for every portfolio that has it stored, so
    that the rows of (affected sessions) x (portfolios) can be replaced as one block.
    """
    anchors = history.anchors or tuple(Anchors() for _ in history.portfolios)
    missing = [_needed(own, as_of, history.market_until) for own in anchors]
    chains = [
        sorted({*stored, as_of, *taken})
        for stored, taken in zip(history.stored, missing, strict=True)
    ]
    changed = {as_of, *(day for day in history.outdated if day > as_of)}.union(*missing)
    affected = _with_following(changed, chains)
    due = tuple(
        DueSnapshot(portfolio, session_date, _previous(chain, session_date))
        for session_date in sorted(affected)
        for portfolio, chain in enumerate(chains)
        if _contains(chain, session_date)
    )
    return Plan(history.portfolios, due, _measured_from(min(affected), anchors))


def _needed(anchors: Anchors, as_of: date, market_until: date | None) -> set[date]:
    """The missing ones that NAV of `as_of` may depend on.

    Those up to it; before any of them the first, once the market's data of it is known.
    """
    first = anchors.first
    if first is not None and as_of < first and market_until is not None and first <= market_until:
        return {first}.intersection(anchors.missing)
    return {anchor for anchor in anchors.missing if anchor <= as_of}


def _measured_from(taken_from: date, anchors: Iterable[Anchors]) -> date | None:
    """Up to its first anchor, a portfolio's NAV is carried backward from it."""
    firsts = [own.first for own in anchors if own.first is not None]
    return None if any(taken_from <= first for first in firsts) else taken_from


def _with_following(changed: set[date], chains: Sequence[Sequence[date]]) -> set[date]:
    """The sessions, and those whose P&L starts at one of them."""
    following = {
        _following(chain, session_date)
        for chain in chains
        for session_date in changed
        if _contains(chain, session_date)
    }
    return changed | {session_date for session_date in following if session_date is not None}


def _contains(chain: Sequence[date], session_date: date) -> bool:
    place = bisect_left(chain, session_date)
    return place < len(chain) and chain[place] == session_date


def _previous(chain: Sequence[date], session_date: date) -> date | None:
    place = bisect_left(chain, session_date)
    return chain[place - 1] if place else None


def _following(chain: Sequence[date], session_date: date) -> date | None:
    place = bisect_right(chain, session_date)
    return chain[place] if place < len(chain) else None

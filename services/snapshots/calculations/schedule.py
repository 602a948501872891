"""Which snapshots a run must take, so that the order in which sessions run does not matter.

A snapshot of session t depends on the snapshot before it (daily P&L is measured from it) and on
prices dated at or before t. Running session d can therefore change, besides d itself: the snapshot
after d, whose P&L starts at d; every later snapshot that carries a price forward which is no longer
the last one known, because d brought a newer or a different one; and the snapshot after each of
those.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date

from services.snapshots.inputs import DueSnapshot, History, Plan


def snapshot_plan(as_of: date, history: History) -> Plan:
    """What a run of `as_of` takes: `as_of` for every portfolio, then what depends on it.

    A session affected for one portfolio is taken again for every portfolio that has it stored, so
    that the rows of (affected sessions) x (portfolios) can be replaced as one block.
    """
    chains = [sorted({*stored, as_of}) for stored in history.stored]
    affected = _affected_sessions(as_of, chains, history.outdated)
    due = tuple(
        DueSnapshot(portfolio, session_date, _previous(chain, session_date))
        for session_date in sorted(affected)
        for portfolio, chain in enumerate(chains)
        if _contains(chain, session_date)
    )
    return Plan(history.portfolios, due)


def _affected_sessions(
    as_of: date, chains: Sequence[Sequence[date]], outdated: Iterable[date]
) -> set[date]:
    changed = {as_of, *(session_date for session_date in outdated if session_date > as_of)}
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

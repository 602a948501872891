"""Which snapshots a run of one session must take, so that the order in which sessions run does not
matter.

A snapshot of session t depends on the snapshot before it (daily P&L is measured from it) and on
prices dated at or before t. Running session d can therefore change, besides d itself: the snapshot
after d, whose P&L starts at d; every later snapshot that carries a price forward which is no longer
the last one known, because d brought a newer or a different one; and the snapshot after each of
those.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class History:
    """What is stored of a shard's portfolios around the session being run.

    `stored`: per portfolio, ascending, the sessions with a snapshot: the last before the run's
    session and all from it on. `outdated`: later sessions with a valuation resting on a price that
    was carried forward over the run's session and is no longer the last one known.
    """

    stored: tuple[tuple[date, ...], ...]
    outdated: frozenset[date] = frozenset()

    @classmethod
    def of(
        cls,
        portfolios: Sequence[Hashable],
        snapshots: Iterable[tuple[Hashable, date]],
        outdated: Iterable[date],
    ) -> "History":
        """Group the stored (portfolio, session) pairs by portfolio, in the order of
        `portfolios`.
        """
        sessions: dict[Hashable, list[date]] = {portfolio: [] for portfolio in portfolios}
        for portfolio, session in snapshots:
            sessions[portfolio].append(session)
        return cls(
            tuple(tuple(sorted(sessions[portfolio])) for portfolio in portfolios),
            frozenset(outdated),
        )


@dataclass(frozen=True)
class Take:
    """One snapshot to take: portfolio (index in the shard), its session and the session its P&L
    starts at.
    """

    portfolio: int
    session: date
    previous: date | None


def snapshots_to_take(as_of: date, history: History) -> tuple[Take, ...]:
    """What a run of `as_of` takes, by session and portfolio: `as_of` for all, then what depends on
    it.

    A session affected for one portfolio is retaken for every portfolio that has it stored, so that
    the rows of (affected sessions) x (portfolios) can be replaced as one block.
    """
    chains = [sorted({*sessions, as_of}) for sessions in history.stored]
    affected = _affected_sessions(as_of, chains, history.outdated)
    return tuple(
        Take(portfolio, session, _previous(chain, session))
        for session in sorted(affected)
        for portfolio, chain in enumerate(chains)
        if _contains(chain, session)
    )


def days_needed(takes: Iterable[Take]) -> list[date]:
    """Every session taken or measured from, ascending, once each."""
    return sorted(
        {day for take in takes for day in (take.previous, take.session) if day is not None}
    )


def _affected_sessions(
    as_of: date, chains: Sequence[Sequence[date]], outdated: Iterable[date]
) -> set[date]:
    changed = {as_of, *(session for session in outdated if session > as_of)}
    following = {
        _following(chain, session)
        for chain in chains
        for session in changed
        if _contains(chain, session)
    }
    return changed | {session for session in following if session is not None}


def _contains(chain: Sequence[date], session: date) -> bool:
    place = bisect_left(chain, session)
    return place < len(chain) and chain[place] == session


def _previous(chain: Sequence[date], session: date) -> date | None:
    place = bisect_left(chain, session)
    return chain[place - 1] if place else None


def _following(chain: Sequence[date], session: date) -> date | None:
    place = bisect_right(chain, session)
    return chain[place] if place < len(chain) else None

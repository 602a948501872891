"""Progress of fetching closes by symbol, from what is stored and what providers answered."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from services.gateway.analytics.shapes.quality import PRIVATE, Known

COMPLETE = "complete"
FETCHING = "fetching"
WAITING = "waiting"
SETTLED = "settled"
STATES = (COMPLETE, FETCHING, WAITING, SETTLED)
MATURITIES = ("1M", "3M", "6M", "1Y", "2Y", "5Y", "7Y", "10Y", "20Y", "30Y")


@dataclass(frozen=True)
class Answered:
    """A live provider that has no further closes.

    It has answered for every missing session, or does not know the symbol.
    """

    provider: str
    known: bool
    asked_at: datetime


@dataclass(frozen=True)
class LastQuery:
    """A provider's last query for the closes of a symbol, as far as it lies in the window.

    `stored`: how many closes of it are stored, None for the whole window; `known`: whether the
    provider knows the symbol.
    """

    provider: str
    known: bool
    asked_at: datetime
    asked_from: date
    asked_until: date
    stored: int | None


@dataclass(frozen=True)
class Asking:
    """What is known about the providers of closes and their answers.

    `live`, `files`: the providers of prices, in order; `claimed`: symbols being fetched;
    `answered`: each provider's last query, by symbol; `files_were_read`: whether the files were
    read for the session and no run is about to read them.
    """

    live: Sequence[str] = ()
    files: Sequence[str] = ()
    claimed: Collection[str] = ()
    answered: Mapping[str, Sequence[LastQuery]] = field(default_factory=dict)
    files_were_read: bool = False


@dataclass(frozen=True)
class Progress:
    """A symbol's state, the providers without further closes, and why closes are missing.

    `reason`: None when none is missing.
    """

    state: str
    answered: tuple[Answered, ...] = ()
    reason: str | None = None


def symbol_progress(known: Known, asking: Asking, window: Sequence[date]) -> Progress:
    """Whether a symbol's closes are stored, being fetched, to come, or not available.

    Settled means that a run would query no provider: every live provider has answered for each
    missing session. Without a live provider it depends on the files.
    """
    if known.status == PRIVATE:
        return Progress(PRIVATE)
    if not known.missing:
        return Progress(COMPLETE)
    queries = {query.provider: query for query in asking.answered.get(known.symbol, ())}
    said = tuple(
        Answered(name, queries[name].known, queries[name].asked_at)
        for name in asking.live
        if name in queries and _is_exhausted(queries[name], known, window)
    )
    if known.symbol in asking.claimed:
        return Progress(FETCHING, said)
    still_to_ask = [name for name in asking.live if name not in {each.provider for each in said}]
    settled = not still_to_ask if asking.live else asking.files_were_read
    if settled:
        return Progress(SETTLED, said, _why_missing(known, said, asking, window))
    asked = ", ".join(still_to_ask or asking.files) or "any provider"
    return Progress(WAITING, said, f"{_sessions(known.missing)} not answered by {asked} yet")


def _is_exhausted(query: LastQuery, known: Known, window: Sequence[date]) -> bool:
    """Whether the provider was queried for every missing session.

    What was queried and not stored is then all that is missing.
    """
    asked = bisect_right(window, query.asked_until) - bisect_left(window, query.asked_from)
    stored = known.prices if query.stored is None else query.stored
    return not query.known or asked - stored == known.missing


def _why_missing(
    known: Known, said: Sequence[Answered], asking: Asking, window: Sequence[date]
) -> str:
    if known.last_session is None:
        return f"unknown to {', '.join([each.provider for each in said] + list(asking.files))}"
    parts = []
    if known.quarantined:
        parts.append(f"{known.quarantined} closes were rejected as implausible")
    if known.first_session is None:
        parts.append(f"no close since {known.last_session}")
    else:
        parts += _gaps(known, known.first_session, known.last_session, window)
    return "; ".join(parts)


def _gaps(known: Known, first: date, last: date, window: Sequence[date]) -> list[str]:
    before = bisect_left(window, first)
    after = len(window) - bisect_right(window, last)
    between = known.missing - before - after
    parts = [f"none before {first}: listed then, by all that is known"] if before else []
    parts += [f"{_sessions(between)} without a close in between"] if between > 0 else []
    return parts + ([f"none after {last}"] if after else [])


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"


def totals(known: Sequence[Known], states: Sequence[Progress], sessions: int) -> dict[str, int]:
    """Symbols by state, and sessions stored of those wanted, without private holdings."""
    words = [each.state for each in states]
    wanted = [each for each in known if each.status != PRIVATE]
    return {
        "sessions_wanted": sessions * len(wanted),
        "sessions_stored": sum(sessions - each.missing for each in wanted),
        **{state: words.count(state) for state in STATES},
    }


def yield_progress(stored: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each of the ten maturities with what the window holds of it."""
    nothing: dict[str, Any] = {"stored": 0, "last_observation": None, "sources": ()}
    return [
        {"maturity": maturity, **nothing, **stored.get(maturity, {})} for maturity in MATURITIES
    ]


def incomplete(known: Iterable[Known]) -> list[str]:
    """The symbols without a close for some sessions."""
    return [each.symbol for each in known if each.missing]

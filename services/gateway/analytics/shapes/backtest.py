"""The VaR of every evening against the P&L of the next session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from shared.quant.backtesting import (
    BASEL_CONFIDENCE,
    LikelihoodTest,
    Zone,
    basel_zone,
    christoffersen_test,
    conditional_coverage,
    exceptions,
    kupiec_test,
)

LEAST_DAYS = 60
FIRST = "the first snapshot has no P&L"
GAP = "the P&L is of more than one session"
NO_VAR = "no VaR of the evening before is stored"


@dataclass(frozen=True)
class Evening:
    """A session, the snapshot before, and what the holdings of the evening before made, USD.

    `is_one_day`: whether no session of the exchange lies between the two snapshots.
    """

    as_of: date
    previous: date | None
    pnl: float | None
    is_one_day: bool


@dataclass(frozen=True)
class Judged:
    """A VaR over the sessions it can be judged on: P&L and the VaR of each evening before, USD.

    `not_judged`: the other sessions, with the reason.
    """

    session_dates: Sequence[date]
    pnl: Sequence[float]
    values: Sequence[float]
    not_judged: Sequence[tuple[date, str]]


@dataclass(frozen=True)
class Verdict:
    """What the exceptions say of a VaR; the tests are None with `reason` on fewer than 60 days."""

    days: int
    expected: float
    exceptions: Sequence[date]
    kupiec: LikelihoodTest | None
    christoffersen: LikelihoodTest | None
    conditional: LikelihoodTest | None
    zone: Zone | None
    reason: str | None


def judged(evenings: Sequence[Evening], var_of: Mapping[date, float], most: int) -> Judged:
    """The last sessions, `most` of them, whose P&L can be compared with a VaR."""
    found: list[tuple[date, float, float]] = []
    others: list[tuple[date, str]] = []
    for evening in evenings:
        known = None if evening.previous is None else var_of.get(evening.previous)
        if evening.pnl is None or evening.previous is None:
            others.append((evening.as_of, FIRST))
        elif not evening.is_one_day:
            others.append((evening.as_of, GAP))
        elif known is None:
            others.append((evening.as_of, NO_VAR))
        else:
            found.append((evening.as_of, evening.pnl, known))
    last = found[-most:]
    start = last[0][0] if last else date.min
    return Judged(
        [day for day, _, _ in last],
        [pnl for _, pnl, _ in last],
        [value for _, _, value in last],
        [each for each in others if each[0] >= start],
    )


def verdict(judged: Judged, confidence: float) -> Verdict:
    """The tests of a VaR of a confidence (0.95); Basel's zone only for 0.99."""
    exceeded = exceptions(judged.pnl, judged.values)
    days = len(exceeded)
    found = [day for day, is_one in zip(judged.session_dates, exceeded, strict=True) if is_one]
    expected = days * (1.0 - confidence)
    if days < LEAST_DAYS:
        reason = f"{days} days, {LEAST_DAYS} needed"
        return Verdict(days, expected, found, None, None, None, None, reason)
    share = kupiec_test(len(found), days, confidence)
    independence = christoffersen_test(exceeded)
    return Verdict(
        days=days,
        expected=expected,
        exceptions=found,
        kupiec=share,
        christoffersen=independence,
        conditional=conditional_coverage(share, independence),
        zone=basel_zone(len(found), days) if confidence == BASEL_CONFIDENCE else None,
        reason=None,
    )

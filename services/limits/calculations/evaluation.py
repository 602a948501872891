"""Limits against what was read: values in the limits' units, their states, and the alerts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid5

from services.limits.calculations.states import Standing, room, standings, terms_on
from services.limits.inputs import (
    Contributor,
    Day,
    Level,
    Limit,
    Question,
    Reading,
    Readings,
    Stored,
    Terms,
    Unit,
    Valued,
    Watched,
    Work,
)

ALERTS = UUID("5b8f1b52-0c7e-4d0c-8a54-3f2a64a9d2f7")  # the namespace of the ids of alerts
CLEARED = "cleared"
NO_SNAPSHOT = "no snapshot of the session is stored"
NO_NAV = "NAV is not positive: there are no shares of it"
NOTHING = Reading(None, reason=NO_SNAPSHOT)
# The last digits of a quotient are rounding: 40.34 of 403.40 is at a level of 0.1, not beyond it.
SHARE_DECIMALS = 12


@dataclass(frozen=True)
class Evaluated:
    """A limit in a portfolio on one session."""

    watched: Watched
    valued: Valued
    terms: Terms
    standing: Standing

    @property
    def day(self) -> Day:
        """The portfolio and the session."""
        return self.watched.portfolio_id, self.valued.session_date

    @property
    def room(self) -> float | None:
        """What is left to the breach level, in the limit's unit; None where it is not measured."""
        if self.valued.value is None:
            return None
        return room(self.watched.limit.direction, self.valued.value, self.terms.breach)

    @property
    def contributors(self) -> tuple[Contributor, ...] | None:
        """What the value is made of; None as long as nothing is the matter."""
        return None if self.standing.after.level is Level.OK else self.valued.contributors

    @property
    def alert_id(self) -> UUID | None:
        """The same whenever the same is found of the session; None without an alert."""
        if self.standing.alert is None or self.watched.is_draft:
            return None
        limit_id = self.watched.limit.limit_id
        about = (limit_id, *self.day, self.alert_level)
        return uuid5(ALERTS, "/".join(map(str, about)))

    @property
    def alert_level(self) -> str:
        """What is alerted of: a level that is reached, or that the breach is over."""
        level = self.standing.alert
        return CLEARED if level is Level.OK else str(level)

    @property
    def threshold(self) -> float:
        """The level that the alert is about."""
        if self.standing.alert is Level.WARNING and self.terms.warning is not None:
            return self.terms.warning
        return self.terms.breach


def evaluations(work: Work) -> list[Evaluated]:
    """Every limit on every session that was read again, and on the later ones that follow."""
    return [
        each
        for watched, stored in zip(work.watched, work.stored, strict=True)
        for each in _of_one(watched, stored, work)
    ]


def _of_one(watched: Watched, stored: Stored, work: Work) -> Iterator[Evaluated]:
    limit = watched.limit
    read = {
        day: valued(limit, (watched.portfolio_id, day), work.readings)
        for day in work.days.get(watched.portfolio_id, ())
        if day >= limit.terms[0].since
    }
    by_day = {each.session_date: each for each in stored.values} | read
    values = [by_day[day] for day in sorted(by_day)]
    followed = standings(stored.before, values, limit.direction, limit.terms, stored.actions)
    for value, standing in zip(values, followed, strict=True):
        yield Evaluated(watched, value, terms_on(limit.terms, value.session_date), standing)


def valued(limit: Limit, day: Day, readings: Readings) -> Valued:
    """The limit's value on a portfolio's session, in the limit's unit."""
    reading = readings.answers.get((Question.of(limit), day), NOTHING)
    usd = _usd_per_unit(limit, readings.navs.get(day))
    if reading.amount is None:
        return Valued(day[1], None, reading.member, reading.reason)
    is_share = limit.unit is Unit.SHARE_OF_NAV
    if is_share and usd is None:
        return Valued(day[1], None, reading.member, NO_NAV if day in readings.navs else NO_SNAPSHOT)
    value = reading.amount
    if is_share and usd is not None:
        value = round(value / usd, SHARE_DECIMALS)
    contributors = reading.contributors or None
    return Valued(day[1], value, reading.member, reading.reason, usd, contributors)


def _usd_per_unit(limit: Limit, nav: float | None) -> float | None:
    """None where the unit is no amount, or NAV not positive: a share of a debt means nothing."""
    if limit.unit is Unit.SHARE_OF_NAV:
        return nav if nav is not None and nav > 0 else None
    return 1.0 if limit.is_in_dollars else None


def raised(evaluated: Sequence[Evaluated]) -> dict[UUID, Evaluated]:
    """What is to be alerted of, by the alert's id."""
    return {each.alert_id: each for each in evaluated if each.alert_id is not None}


def first_sessions(evaluated: Sequence[Evaluated]) -> dict[UUID, date]:
    """By portfolio, the first session that was evaluated."""
    found: dict[UUID, date] = {}
    for each in evaluated:
        portfolio_id, day = each.day
        found[portfolio_id] = min(day, found.get(portfolio_id, day))
    return found

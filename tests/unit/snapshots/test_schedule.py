"""Which snapshots a run takes."""

from datetime import date

import pytest

from services.snapshots.calculations.schedule import snapshot_plan
from services.snapshots.inputs import Anchors, DueSnapshot, History
from tests.unit.snapshots.builders import an_id

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2022, 11, day) for day in (14, 15, 16, 17, 18))


def history(*stored: tuple[date, ...], outdated: frozenset[date] = frozenset()) -> History:
    """Of as many portfolios as there are chains."""
    return History(tuple(an_id(place) for place in range(len(stored))), stored, outdated)


def due(as_of: date, known: History) -> tuple[DueSnapshot, ...]:
    return snapshot_plan(as_of, known).due


def test_first_run_takes_its_own_session_only() -> None:
    taken = due(MONDAY, history(()))

    assert taken == (DueSnapshot(0, MONDAY, None),)


def test_next_session_is_measured_from_the_one_before() -> None:
    taken = due(TUESDAY, history((MONDAY,)))

    assert taken == (DueSnapshot(0, TUESDAY, MONDAY),)


def test_gap_is_measured_from_the_last_snapshot() -> None:
    taken = due(FRIDAY, history((MONDAY,)))

    assert taken == (DueSnapshot(0, FRIDAY, MONDAY),)


def test_late_session_retakes_the_one_after_it() -> None:
    taken = due(TUESDAY, history((MONDAY, WEDNESDAY, THURSDAY)))

    assert taken == (DueSnapshot(0, TUESDAY, MONDAY), DueSnapshot(0, WEDNESDAY, TUESDAY))


def test_session_before_the_first_ends_the_first_one_being_first() -> None:
    taken = due(MONDAY, history((TUESDAY, WEDNESDAY)))

    assert taken == (DueSnapshot(0, MONDAY, None), DueSnapshot(0, TUESDAY, MONDAY))


def test_outdated_price_retakes_its_session_and_the_one_after() -> None:
    known = history((MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY), outdated=frozenset({THURSDAY}))

    taken = due(MONDAY, known)

    assert taken == (
        DueSnapshot(0, MONDAY, None),
        DueSnapshot(0, TUESDAY, MONDAY),
        DueSnapshot(0, THURSDAY, WEDNESDAY),
        DueSnapshot(0, FRIDAY, THURSDAY),
    )


def test_affected_session_is_retaken_for_every_portfolio_that_has_it() -> None:
    known = history((MONDAY, WEDNESDAY), (TUESDAY, WEDNESDAY, THURSDAY), ())

    taken = due(TUESDAY, known)

    assert taken == (
        DueSnapshot(0, TUESDAY, MONDAY),
        DueSnapshot(1, TUESDAY, None),
        DueSnapshot(2, TUESDAY, None),
        DueSnapshot(0, WEDNESDAY, TUESDAY),
        DueSnapshot(1, WEDNESDAY, TUESDAY),
    )


@pytest.mark.parametrize("stored", [(), ((),)])
def test_nothing_but_the_session_is_taken_without_history(
    stored: tuple[tuple[date, ...], ...],
) -> None:
    assert len(due(MONDAY, history(*stored))) == len(stored)


def anchored(
    *anchors: date, stored: tuple[date, ...] = (), market_until: date | None = FRIDAY
) -> History:
    missing = tuple(day for day in anchors if day not in stored)
    known = (Anchors(anchors[0], missing),)
    return History((an_id(0),), (stored,), anchors=known, market_until=market_until)


def test_anchors_up_to_the_session_are_taken_with_it() -> None:
    taken = due(THURSDAY, anchored(MONDAY, WEDNESDAY, FRIDAY))

    assert taken == (
        DueSnapshot(0, MONDAY, None),
        DueSnapshot(0, WEDNESDAY, MONDAY),
        DueSnapshot(0, THURSDAY, WEDNESDAY),
    )


def test_anchor_that_is_stored_is_not_taken_again() -> None:
    taken = due(THURSDAY, anchored(MONDAY, stored=(MONDAY,)))

    assert taken == (DueSnapshot(0, THURSDAY, MONDAY),)


def test_anchor_stored_long_before_is_not_taken_again() -> None:
    """Only the last snapshot before the session is read."""
    known = History((an_id(0),), ((WEDNESDAY,),), anchors=(Anchors(MONDAY),))

    assert due(THURSDAY, known) == (DueSnapshot(0, THURSDAY, WEDNESDAY),)


def test_anchor_taken_late_retakes_the_session_after_it() -> None:
    taken = due(FRIDAY, anchored(TUESDAY, stored=(MONDAY, WEDNESDAY, THURSDAY)))

    assert taken == (
        DueSnapshot(0, TUESDAY, MONDAY),
        DueSnapshot(0, WEDNESDAY, TUESDAY),
        DueSnapshot(0, FRIDAY, THURSDAY),
    )


@pytest.mark.parametrize(("market_until", "count"), [(FRIDAY, 2), (TUESDAY, 1), (None, 1)])
def test_session_before_every_anchor_takes_the_first_if_the_market_is_known(
    market_until: date | None, count: int
) -> None:
    taken = due(MONDAY, anchored(THURSDAY, FRIDAY, market_until=market_until))

    assert taken == (DueSnapshot(0, MONDAY, None), DueSnapshot(0, THURSDAY, MONDAY))[:count]


def test_sessions_up_to_the_first_anchor_move_nav_of_all() -> None:
    known = anchored(WEDNESDAY, stored=(MONDAY, WEDNESDAY, FRIDAY))

    assert snapshot_plan(TUESDAY, known).measured_from is None
    assert snapshot_plan(WEDNESDAY, known).measured_from is None
    assert snapshot_plan(THURSDAY, known).measured_from == THURSDAY

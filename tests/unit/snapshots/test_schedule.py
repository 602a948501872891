"""Which snapshots a run takes."""

from datetime import date

import pytest

from services.snapshots.calculations import History, Take, snapshots_to_take

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2022, 11, day) for day in (14, 15, 16, 17, 18))


def test_first_run_takes_its_own_session_only() -> None:
    taken = snapshots_to_take(MONDAY, History(stored=((),)))

    assert taken == (Take(0, MONDAY, None),)


def test_next_session_is_measured_from_the_one_before() -> None:
    taken = snapshots_to_take(TUESDAY, History(stored=((MONDAY,),)))

    assert taken == (Take(0, TUESDAY, MONDAY),)


def test_gap_is_measured_from_the_last_snapshot() -> None:
    taken = snapshots_to_take(FRIDAY, History(stored=((MONDAY,),)))

    assert taken == (Take(0, FRIDAY, MONDAY),)


def test_late_session_retakes_the_one_after_it() -> None:
    taken = snapshots_to_take(TUESDAY, History(stored=((MONDAY, WEDNESDAY, THURSDAY),)))

    assert taken == (Take(0, TUESDAY, MONDAY), Take(0, WEDNESDAY, TUESDAY))


def test_session_before_the_first_ends_the_first_one_being_first() -> None:
    taken = snapshots_to_take(MONDAY, History(stored=((TUESDAY, WEDNESDAY),)))

    assert taken == (Take(0, MONDAY, None), Take(0, TUESDAY, MONDAY))


def test_outdated_price_retakes_its_session_and_the_one_after() -> None:
    history = History(
        stored=((MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY),), outdated=frozenset({THURSDAY})
    )

    taken = snapshots_to_take(MONDAY, history)

    assert taken == (
        Take(0, MONDAY, None),
        Take(0, TUESDAY, MONDAY),
        Take(0, THURSDAY, WEDNESDAY),
        Take(0, FRIDAY, THURSDAY),
    )


def test_affected_session_is_retaken_for_every_portfolio_that_has_it() -> None:
    history = History(stored=((MONDAY, WEDNESDAY), (TUESDAY, WEDNESDAY, THURSDAY), ()))

    taken = snapshots_to_take(TUESDAY, history)

    assert taken == (
        Take(0, TUESDAY, MONDAY),
        Take(1, TUESDAY, None),
        Take(2, TUESDAY, None),
        Take(0, WEDNESDAY, TUESDAY),
        Take(1, WEDNESDAY, TUESDAY),
    )


@pytest.mark.parametrize("stored", [(), ((),)])
def test_nothing_but_the_session_is_taken_without_history(
    stored: tuple[tuple[date, ...], ...],
) -> None:
    assert len(snapshots_to_take(MONDAY, History(stored))) == len(stored)

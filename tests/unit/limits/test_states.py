"""The state machine of limits, over random series, restatements and reruns."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.limits.calculations.states import Standing, room, standings
from services.limits.inputs import (
    Action,
    ActionKind,
    Before,
    Direction,
    Level,
    State,
    Terms,
    Valued,
)

FIRST = date(2022, 1, 3)
ABOVE = Direction.ABOVE
TERMS = Terms(since=date.min, breach=10.0, warning=8.0, hysteresis=1.0)

numbers = st.one_of(st.none(), st.integers(-15, 15).map(float))
series = st.lists(numbers, min_size=1, max_size=30)
directions = st.sampled_from(Direction)


@st.composite
def some_terms(draw: st.DrawFn, direction: Direction = ABOVE) -> Terms:
    levels = sorted(draw(st.tuples(st.integers(0, 12), st.integers(0, 12))))
    warning, breach = levels if direction is not Direction.BELOW else reversed(levels)
    return Terms(
        since=date.min,
        breach=float(breach),
        warning=draw(st.sampled_from([None, float(warning)])),
        hysteresis=float(draw(st.integers(0, 3))),
        sessions=draw(st.integers(1, 3)),
    )


@st.composite
def some_actions(draw: st.DrawFn) -> list[Action]:
    found = []
    for _ in range(draw(st.integers(0, 3))):
        start = FIRST + timedelta(days=draw(st.integers(0, 30)))
        until = start + timedelta(days=draw(st.integers(0, 10)))
        kind = draw(st.sampled_from(ActionKind))
        found.append(Action(kind, start, until if kind is ActionKind.WAIVED else None))
    return found


def days(values: Sequence[float | None]) -> list[Valued]:
    return [Valued(FIRST + timedelta(days=place), value) for place, value in enumerate(values)]


def followed(
    values: Sequence[float | None],
    terms: Terms = TERMS,
    direction: Direction = ABOVE,
    actions: Sequence[Action] = (),
) -> list[Standing]:
    return list(standings(Before(), days(values), direction, [terms], actions))


def states(values: Sequence[float | None], terms: Terms = TERMS, **more: object) -> list[str]:
    return [each.state.value for each in followed(values, terms, **more)]  # type: ignore[arg-type]


def alerts(found: Sequence[Standing]) -> list[tuple[int, Level]]:
    return [(place, each.alert) for place, each in enumerate(found) if each.alert is not None]


def test_a_breach_is_left_inside_the_hysteresis_and_is_cleared_for_one_session() -> None:
    assert states([5, 8.5, 10.5, 9.5, 8.9, 7.5, 7, 5, 11, 2, 2]) == [
        *("ok", "warning", "breached", "breached", "warning", "warning", "ok", "ok"),
        *("breached", "cleared", "ok"),
    ]


def test_a_value_at_a_level_is_within() -> None:
    assert states([8, 10]) == ["ok", "warning"]


@pytest.mark.parametrize(
    ("direction", "breached"),
    [
        (Direction.ABOVE, [11.0]),
        (Direction.BELOW, [9.0, -11.0]),
        (Direction.OUTSIDE, [11.0, -11.0]),
    ],
)
def test_a_direction_says_where_it_is_worse(direction: Direction, breached: list[float]) -> None:
    terms = Terms(since=date.min, breach=10.0)

    found = [
        v for v in (11.0, 9.0, -11.0) if states([v], terms, direction=direction) == ["breached"]
    ]

    assert found == breached
    assert all(room(direction, value, 10.0) < 0 for value in breached)


def test_a_level_is_reached_on_the_nth_session_in_a_row() -> None:
    terms = Terms(since=date.min, breach=10.0, sessions=3)

    assert states([11, 11, 5, 11, None, 11, 11], terms) == [
        *("ok", "ok", "ok", "ok", "not_measured", "ok", "breached")
    ]


def test_what_is_not_measured_neither_clears_a_breach_nor_is_within() -> None:
    found = followed([11, None, 11, 5])

    assert [each.state.value for each in found] == [
        "breached",
        "not_measured",
        "breached",
        "cleared",
    ]
    assert found[1].after.since == FIRST
    assert alerts(found) == [(0, Level.BREACHED), (3, Level.OK)]


def test_an_acknowledged_breach_stays_so_until_it_is_over() -> None:
    actions = [Action(ActionKind.ACKNOWLEDGED, FIRST + timedelta(days=1))]

    assert states([11, 12, 13, 5, 11], actions=actions) == [
        *("breached", "acknowledged", "acknowledged", "cleared", "breached")
    ]


def test_a_breach_that_outlives_its_waiver_is_alerted_of_again() -> None:
    waived = Action(ActionKind.WAIVED, FIRST + timedelta(days=1), FIRST + timedelta(days=2))

    found = followed([11, 11, 11, 11, 11], actions=[waived])

    assert [each.state.value for each in found] == [
        *("breached", "waived", "waived", "breached", "breached")
    ]
    assert alerts(found) == [(0, Level.BREACHED), (3, Level.BREACHED)]


def test_acting_on_a_session_takes_no_alert_of_it_back() -> None:
    for kind in ActionKind:
        action = Action(kind, FIRST, FIRST + timedelta(days=9))

        assert alerts(followed([11, 11], actions=[action])) == [(0, Level.BREACHED)]


@given(series, some_terms(), some_actions(), st.data())
def test_restatements_in_any_order_give_the_rows_of_one_pass(
    values: list[float | None], terms: Terms, actions: list[Action], data: st.DataObject
) -> None:
    """As the service does it: each change replays from its session on, from what is stored."""
    right = followed(values, terms, actions=actions)
    wrong = data.draw(st.lists(numbers, min_size=len(values), max_size=len(values)))
    changes = data.draw(st.permutations(list(enumerate(wrong))))
    final = data.draw(st.permutations(list(enumerate(values))))
    stored: dict[int, tuple[float | None, Standing]] = {}

    for place, value in [*changes, *final]:
        before = max((each for each in stored if each < place), default=None)
        later = sorted(each for each in stored if each > place)
        known_values = [value, *(stored[each][0] for each in later)]
        found = standings(
            Before() if before is None else stored[before][1].after,
            [
                Valued(FIRST + timedelta(days=each), known)
                for each, known in zip([place, *later], known_values, strict=True)
            ],
            ABOVE,
            [terms],
            actions,
        )
        for each, known, standing in zip([place, *later], known_values, found, strict=True):
            stored[each] = (known, standing)

    assert [stored[place][1] for place in sorted(stored)] == right


@given(series, some_terms(), st.lists(st.integers(0, 30), max_size=5))
def test_sessions_without_a_value_change_no_other_sessions_state(
    values: list[float | None], terms: Terms, places: list[int]
) -> None:
    gaps: list[float | None] = [*values]
    for place in places:
        gaps.insert(place, None)

    def measured(found: Sequence[Standing]) -> list[tuple[State, Level | None]]:
        return [(e.state, e.alert) for e in found if e.state is not State.NOT_MEASURED]

    assert measured(followed(gaps, terms)) == measured(followed(values, terms))


@given(st.data(), directions)
def test_levels_are_those_of_a_plain_reading_of_the_rules(
    data: st.DataObject, direction: Direction
) -> None:
    terms = data.draw(some_terms(direction))
    values = data.draw(series)

    found = followed(values, terms, direction)

    measured = [(v, e) for v, e in zip(values, found, strict=True) if v is not None]
    for place, (value, each) in enumerate(measured):
        last = [v for v, _ in measured[max(0, place - terms.sessions + 1) : place + 1]]
        enough = len(last) == terms.sessions
        before = measured[place - 1][1].after.level if place else Level.OK
        breached = enough and all(room(direction, v, terms.breach) < 0 for v in last)
        stays = before is Level.BREACHED and room(direction, value, terms.breach) < terms.hysteresis
        assert (each.after.level is Level.BREACHED) == (breached or stays)
        if each.after.level is Level.WARNING:
            assert terms.warning is not None
            assert room(direction, value, terms.warning) < terms.hysteresis or enough


@given(series, some_terms(), some_actions())
def test_a_breach_is_alerted_of_once_and_nothing_while_it_is_waived(
    values: list[float | None], terms: Terms, actions: list[Action]
) -> None:
    found = followed(values, terms, actions=actions)

    waived = [each for each in actions if each.kind is ActionKind.WAIVED]
    for each in found:
        quiet = any(w.as_of < each.session_date and w.waives(each.session_date) for w in waived)
        assert not (quiet and each.alert)
    if not waived:
        episodes = {each.after.since for each in found if each.after.level is Level.BREACHED}
        breaches = [each for each in found if each.alert is Level.BREACHED]
        assert {each.session_date for each in breaches} == episodes
        assert len(breaches) == len(episodes)

"""Alerts of one user and run are one message, whose size is bounded."""

import json
from datetime import date, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.limits.calculations.grouping import (
    RUNS_APART,
    SHOWN,
    Patience,
    message_data,
    message_text,
    ready_groups,
)
from tests.unit.limits.raising import NOON, a_raised_alert

PATIENCE = Patience(timedelta(seconds=5), timedelta(seconds=60))
LATER = NOON + timedelta(minutes=5)


def test_alerts_of_one_run_are_one_group_and_other_users_are_apart() -> None:
    ann, bob, run = uuid4(), uuid4(), uuid4()
    hers = [a_raised_alert(user_id=ann, group_id=run) for _ in range(3)]
    his = [a_raised_alert(user_id=bob, group_id=run)]

    groups = ready_groups([*hers, *his], LATER, PATIENCE)

    assert {frozenset(each.alert_id for each in group) for group in groups} == {
        frozenset(each.alert_id for each in hers),
        frozenset(each.alert_id for each in his),
    }


def test_a_group_waits_for_quiet_but_not_for_ever() -> None:
    first = a_raised_alert(raised_at=NOON)
    follows = [
        a_raised_alert(
            user_id=first.user_id,
            group_id=first.group_id,
            raised_at=NOON + timedelta(seconds=3 * number),
        )
        for number in range(1, 20)
    ]
    alerts = [first, *follows]

    def ready_after(seconds: int) -> int:
        now = NOON + timedelta(seconds=seconds)
        groups = ready_groups([each for each in alerts if each.raised_at <= now], now, PATIENCE)
        return sum(len(group) for group in groups)

    assert ready_after(30) == 0
    assert ready_after(60) == 20
    assert ready_groups([first], NOON + timedelta(seconds=4), PATIENCE) == []
    assert ready_groups([first], NOON + timedelta(seconds=5), PATIENCE) == [(first,)]


def test_many_runs_of_a_user_that_are_ready_at_once_are_one_message() -> None:
    user_id = uuid4()
    apart = [a_raised_alert(user_id=user_id) for _ in range(RUNS_APART)]
    history = [*apart, a_raised_alert(user_id=user_id)]

    assert len(ready_groups(apart, LATER, PATIENCE)) == RUNS_APART
    assert len(ready_groups(history, LATER, PATIENCE)) == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 90)), max_size=60))
def test_every_alert_is_in_one_group_once_it_is_old(raised: list[tuple[int, int, int]]) -> None:
    users, runs = [uuid4() for _ in range(4)], [uuid4() for _ in range(6)]
    alerts = [
        a_raised_alert(
            user_id=users[user], group_id=runs[run], raised_at=NOON + timedelta(seconds=seconds)
        )
        for user, run, seconds in raised
    ]

    groups = ready_groups(alerts, LATER, PATIENCE)

    sent = [alert.alert_id for group in groups for alert in group]
    assert sorted(sent) == sorted(alert.alert_id for alert in alerts)
    assert all(len({alert.user_id for alert in group}) == 1 for group in groups)
    assert len(groups) <= len(users) * RUNS_APART


def test_a_flood_is_counted_in_full_and_shown_in_part() -> None:
    flood = [
        a_raised_alert(portfolio_id=UUID(int=number % 1000), message="long " * 1000)
        for number in range(10_000)
    ]

    data = message_data(flood)
    text = message_text(flood)

    assert (data["total"], data["portfolios"], data["not_shown"]) == (10_000, 1000, 10_000 - SHOWN)
    assert len(json.dumps(data)) < 64 * 1024
    assert len(text.body) < 32 * 1024
    assert "9950 more" in text.body


def test_the_most_urgent_alerts_are_shown_first() -> None:
    cleared = a_raised_alert(level="cleared", value=0.05)
    warning = a_raised_alert(level="warning", value=0.09)
    small = a_raised_alert(value=0.11)
    large = a_raised_alert(value=0.5)
    earlier = a_raised_alert(value=0.9, as_of=date(2022, 12, 1))

    shown = message_data([cleared, small, warning, earlier, large])["alerts"]

    wanted = [str(each.alert_id) for each in (large, small, earlier, warning, cleared)]
    assert [each["alert_id"] for each in shown] == wanted  # type: ignore[attr-defined]


def test_an_email_says_how_many_and_has_no_line_break_in_its_subject() -> None:
    text = message_text(
        [a_raised_alert(message="a\r\nBcc: x@example.com"), a_raised_alert(level="warning")]
    )

    assert text.subject == "SigmaSight: 1 breach, 1 warning (2022-12-28)"
    assert "2022-12-28  Growth  BREACHED  a Bcc: x@example.com\n" in text.body

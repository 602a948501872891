"""A message is sent again for more than a day, and not for ever."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.limits.calculations.retries import DELAYS, next_attempt

START = datetime(2022, 12, 28, 21, tzinfo=UTC)


def attempts(jitter: list[float]) -> list[datetime]:
    """When a message is sent whose every attempt fails at once."""
    sent = [START]
    while (following := next_attempt(len(sent), sent[-1], jitter[len(sent) - 1])) is not None:
        sent.append(following)
    return sent


chances = st.lists(
    st.floats(0, 1, exclude_max=True), min_size=len(DELAYS) + 1, max_size=len(DELAYS) + 1
)


@given(chances)
def test_a_message_is_tried_for_at_least_a_day_and_then_given_up(jitter: list[float]) -> None:
    sent = attempts(jitter)

    assert timedelta(hours=24) <= sent[-1] - START <= timedelta(hours=36)
    assert len(sent) == len(DELAYS) + 1


@given(chances)
def test_delays_grow(jitter: list[float]) -> None:
    sent = attempts(jitter)

    delays = [later - earlier for earlier, later in pairwise(sent)]
    assert delays == sorted(delays)


def test_a_receiver_that_is_down_for_an_hour_is_reached_within_another() -> None:
    after = [moment - START for moment in attempts([0.99] * 11)]

    assert any(timedelta(hours=1) <= each <= timedelta(hours=2, minutes=15) for each in after)


def test_jitter_spreads_messages_that_failed_together() -> None:
    moments = {next_attempt(1, START, chance / 10) for chance in range(10)}

    assert len(moments) == 10

"""Requests within a moving minute, on a clock of the test's."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.edge.rate_limits import MovingWindow

steps = st.lists(st.sampled_from([0.0, 0.25, 1.0, 7.5, 29.75, 30.0, 59.75, 60.0]), max_size=80)


@dataclass
class Clock:
    """A clock that is set by hand; seconds."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def allowed_at(window: MovingWindow, clock: Clock, moments: list[float], limit: int) -> int:
    count = 0
    for clock.now in moments:
        count += window.count(limit, "ann").allowed
    return count


@pytest.mark.parametrize("second", [59.0, 59.999, 30.0, 0.0])
def test_a_hundred_requests_pass_across_the_edge_of_a_clock_minute(second: float) -> None:
    clock = Clock()
    window = MovingWindow(60, clock)
    burst = [second + each / 1_000 for each in range(100)]
    afterwards = [second + each / 4 for each in range(1, 240)]

    assert allowed_at(window, clock, burst, 100) == 100
    assert allowed_at(window, clock, afterwards, 100) == 0
    assert (
        allowed_at(window, clock, [second + 60 + each / 1_000 for each in range(150)], 100) == 100
    )


@given(steps, st.integers(1, 5))
def test_a_request_is_refused_exactly_when_the_minute_is_full(
    pauses: list[float], limit: int
) -> None:
    clock = Clock()
    window = MovingWindow(60, clock)
    passed: list[float] = []
    for pause in pauses:
        clock.now += pause
        within = [moment for moment in passed if clock.now - moment < 60]
        met = window.count(limit, "ann")

        assert met.allowed == (len(within) < limit)
        if met.allowed:
            passed.append(clock.now)
            within.append(clock.now)
        assert met.remaining == limit - len(within)
        assert met.seconds == within[0] + 60 - clock.now


def test_the_time_to_wait_is_when_the_next_request_passes() -> None:
    clock = Clock(1_000.0)
    window = MovingWindow(60, clock)
    allowed_at(window, clock, [1_000.0, 1_010.0], 2)
    clock.now = 1_020.0
    refused = window.count(2, "ann")

    clock.now += refused.seconds - 0.001
    assert not window.count(2, "ann").allowed
    clock.now += 0.001
    assert window.count(2, "ann").allowed


def test_callers_who_are_quiet_for_a_minute_are_forgotten() -> None:
    clock = Clock()
    window = MovingWindow(60, clock)
    for number in range(1_000):
        window.count(5, f"address/{number}")
    clock.now = 30.0
    window.count(5, "ann")
    clock.now = 60.0
    window.count(5, "bob")

    assert len(window) == 2

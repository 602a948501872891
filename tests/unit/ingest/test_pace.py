"""The shared pace against a database and a process that are late in every way."""

import asyncio
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.providers.pace import SharedPace, Unlimited

WINDOW, MARGIN = 60.0, 2.0
delays = st.one_of(st.floats(0, 0.3), st.floats(0, 200))


class World:
    """One clock, slots assigned by the rule, and delays of the answers and of waking up."""

    def __init__(self, late: Iterator[float]) -> None:
        self.now = 0.0
        self.slots: list[float] = []
        self.sent: list[float] = []
        self._late = late

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds + next(self._late, 0.0)

    async def reserve(self, limit: int, window_seconds: float, margin_seconds: float) -> float:
        self.now += next(self._late, 0.0)
        given_out = self.now
        nth = sorted(self.slots)[-limit] if len(self.slots) >= limit else None
        slot = max(given_out, given_out if nth is None else nth + window_seconds + margin_seconds)
        self.slots.append(slot)
        self.now += next(self._late, 0.0)
        return slot - given_out

    async def send(self, limit: int, requests: int) -> None:
        pace = SharedPace(
            self.reserve,
            limit,
            window_seconds=WINDOW,
            margin_seconds=MARGIN,
            sleep=self.sleep,
            clock=self.clock,
        )
        for _ in range(requests):
            await pace.wait()
            self.sent.append(self.now)


@settings(deadline=None, max_examples=300)
@given(st.lists(delays, max_size=60), st.integers(1, 4))
def test_no_window_ever_sees_more_than_the_limit(late: list[float], limit: int) -> None:
    world = World(iter(late))

    asyncio.run(world.send(limit, 12))

    assert len(world.sent) == 12
    for early, later in zip(world.sent, world.sent[limit:], strict=False):
        assert later - early >= WINDOW


@settings(deadline=None)
@given(st.lists(delays, max_size=30))
def test_requests_leave_in_their_slot_or_not_at_all(late: list[float]) -> None:
    world = World(iter(late))

    asyncio.run(world.send(2, 8))

    for sent in world.sent:
        assert any(slot <= sent + 1e-9 and sent <= slot + MARGIN / 2 + 1e-9 for slot in world.slots)


def test_missed_slot_is_given_up_for_another() -> None:
    world = World(iter([0.0, 0.0, 5.0]))

    asyncio.run(world.send(1, 1))

    assert world.slots == [0.0, 62.0]
    assert world.sent == [62.0]


def test_free_plan_sends_five_at_once_and_five_a_minute() -> None:
    world = World(iter([]))

    asyncio.run(world.send(5, 30))

    assert world.sent == [62.0 * (number // 5) for number in range(30)]


def test_unlimited_does_not_wait() -> None:
    asyncio.run(Unlimited().wait())

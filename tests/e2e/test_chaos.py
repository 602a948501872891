"""A short cut of `make chaos`: several faults at once under a load, and nothing is lost.

And the checker notices when something is, or its verdict would mean nothing.
"""

import asyncio
from collections.abc import Iterator
from random import Random

import pytest

from tests.chaos.arena import Arena, running_arena
from tests.chaos.checker import Findings, differences
from tests.chaos.playing import Outcome, play
from tests.chaos.scenarios import SHORT

SEED = 16
STRAY_TAG = """
    with stray as (
        insert into gateway.tags (tag_id, user_id, name)
        select gen_random_uuid(), user_id, 'stray' from gateway.users where email like 'chaos-%'
        returning tag_id)
    insert into gateway.position_tags (position_id, tag_id)
    select position_id, (select tag_id from stray limit 1) from gateway.positions"""


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    settings = {"SIGMASIGHT_ACKNOWLEDGE_SECONDS": "3"}
    with running_arena(Random(SEED), settings, load=2) as running:
        yield running


@pytest.fixture(scope="module")
def outcome(arena: Arena) -> Outcome:
    return play(arena, "medley", SHORT)


def checked(arena: Arena) -> list[str]:
    findings = Findings()
    asyncio.run(arena.checker.check(findings))
    return findings.wrong


def test_nothing_is_lost_under_several_faults(outcome: Outcome) -> None:
    assert outcome.wrong == []
    assert outcome.counted["acknowledged"] >= 2
    assert outcome.counted["rows"] > 100
    assert "500" not in outcome.answers


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        ("update gateway.positions set quantity = quantity + 1", "not ("),
        ("update gateway.portfolios set name = name || '!'", "name"),
        (STRAY_TAG, "has tags"),
        ("update gateway.batch_runs set status = 'failed' where trigger = 'portfolios'", "failed"),
        ("update gateway.transactions set kind = 'deposit' where kind = 'equity'", "flows"),
    ],
)
def test_the_checker_notices_a_loss(
    loss: str, sentence: str, arena: Arena, outcome: Outcome
) -> None:
    before = checked(arena)
    asyncio.run(arena.checker.rows(loss))

    after = checked(arena)

    assert len(after) > len(before)
    assert any(sentence in each for each in after)


@pytest.mark.parametrize(
    "wrong", [{"a": (1.0,)}, {"a": (1.0,), "b": (2.0,), "c": (3.0,)}, {"a": (1.0,), "b": (2.1,)}]
)
def test_the_checker_notices_wrong_rows(wrong: dict[str, tuple[float]]) -> None:
    right = {"greeks.position_greeks": {"a": (1.0,), "b": (2.0,)}}

    assert differences({"greeks.position_greeks": wrong}, right)
    assert not differences({"greeks.position_greeks": {"a": (1.0,), "b": (2.0 + 1e-12,)}}, right)

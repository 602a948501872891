"""Answers are put together, none kept back for long and none lost."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date
from decimal import Decimal

import pytest

from services.ingest.history.gathering import gathered
from services.ingest.inputs import Bar
from services.ingest.providers import Answer, ProviderUnavailable

DAY = date(2022, 12, 28)


def answer(symbol: str) -> Answer:
    return Answer([Bar(symbol, DAY, Decimal(1), 1.0, "raw", "market")], frozenset([symbol]))


async def of(
    *symbols: str, before_each: Sequence[asyncio.Event] = (), fails: bool = False
) -> AsyncIterator[Answer]:
    for place, symbol in enumerate(symbols):
        if place < len(before_each):
            await before_each[place].wait()
        yield answer(symbol)
    if fails:
        raise ProviderUnavailable("market", "it is down")


def symbols(found: Answer) -> list[str]:
    assert found.settled == {bar.symbol for bar in found.bars}
    return [bar.symbol for bar in found.bars]


async def test_answers_that_come_at_once_are_one() -> None:
    assert [symbols(each) async for each in gathered(of("A", "B", "C"), 60.0)] == [["A", "B", "C"]]


async def test_no_answer_makes_nothing_to_store() -> None:
    assert [each async for each in gathered(of(), 60.0)] == []


async def test_what_fills_a_transaction_does_not_wait() -> None:
    found = [symbols(each) async for each in gathered(of("A", "B", "C"), 60.0, bars_at_once=2)]

    assert found == [["A", "B"], ["C"]]


async def test_an_answer_is_not_kept_back_for_a_late_one() -> None:
    first, second = asyncio.Event(), asyncio.Event()
    first.set()
    answers = gathered(of("A", "B", before_each=[first, second]), 0.01)

    assert symbols(await anext(answers)) == ["A"]
    second.set()
    assert symbols(await anext(answers)) == ["B"]


async def test_what_came_before_a_failure_comes_out_before_it() -> None:
    answers = gathered(of("A", "B", fails=True), 60.0)

    assert symbols(await anext(answers)) == ["A", "B"]
    with pytest.raises(ProviderUnavailable):
        await anext(answers)


async def test_leaving_early_ends_the_question_under_way() -> None:
    ended = asyncio.Event()

    async def silent() -> AsyncIterator[Answer]:
        try:
            yield answer("A")
            await asyncio.Event().wait()
        finally:
            ended.set()

    answers = gathered(silent(), 0.01)
    await anext(answers)
    await answers.aclose()

    async with asyncio.timeout(5):
        await ended.wait()


async def test_the_next_answers_are_asked_for_while_some_are_stored() -> None:
    asked = []

    async def eager() -> AsyncIterator[Answer]:
        for symbol in "ABCD":
            asked.append(symbol)
            yield answer(symbol)

    answers = gathered(eager(), 60.0, bars_at_once=1)
    first = symbols(await anext(answers))
    await asyncio.sleep(0)  # while this is stored

    assert (first, asked) == (["A"], ["A", "B", "C", "D"])
    assert [symbols(each) async for each in answers] == [["B"], ["C"], ["D"]]


async def test_leaving_early_with_answers_waiting_leaves_nothing_behind() -> None:
    async def endless() -> AsyncIterator[Answer]:
        while True:
            yield answer("A")

    before = asyncio.all_tasks()
    answers = gathered(endless(), 60.0, bars_at_once=1)
    await anext(answers)
    await answers.aclose()
    await asyncio.sleep(0)

    assert asyncio.all_tasks() - before == set()

"""Messages that are none: every kind of nonsense, on every subject that a service reads."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

import nats

from shared.bus import dead_subject
from shared.topology import EVENTS, TOPOLOGY

Facts = dict[str, Any]
LARGE = 900_000  # bytes; a server takes 1 MiB
HEADERS = (None, {"content-type": "application/json"}, {"content-type": "text/plain"})

# Each makes of the facts of a valid event what cannot be handled, or should change nothing.
_CHANGED: dict[str, Callable[[Facts], Facts]] = {
    "stranger": lambda facts: facts,
    "newer": lambda facts: facts | {"schema_version": 99},
    "million shards": lambda facts: facts | {"shard": 999_999, "shards": 1_000_000},
    "negative shard": lambda facts: facts | {"shard": -1},
    "shard beyond": lambda facts: facts | {"shard": 2**40, "shards": 1},
    "year 1": lambda facts: facts | {"as_of": "0001-01-01"},
    "year 9999": lambda facts: facts | {"as_of": "9999-12-31"},
    "Saturday": lambda facts: facts | {"as_of": "2022-12-24"},
    "seconds": lambda facts: facts | {"as_of": 1_672_185_600},
    "no zone": lambda facts: facts | {"occurred_at": "2022-12-28T21:00:00"},
    "zero byte": lambda facts: facts | {"reason": "a\x00b", "price_run": "p\x00", "heard": "\x00"},
    "half a pair": lambda facts: facts | {"price_run": "\ud800", "reason": "\ud800"},
    "long": lambda facts: facts | {"price_run": "p" * 100_000, "reason": "r" * 100_000},
    "twice": lambda facts: facts | {"portfolio_ids": facts["portfolio_ids"] * 50},
    "many": lambda facts: facts | {"portfolio_ids": facts["portfolio_ids"] * 9_000},
    "nobody": lambda facts: facts | {"portfolio_ids": []},
    "no list": lambda facts: facts | {"portfolio_ids": "all"},
    "no number": lambda facts: facts | {"elapsed_seconds": float("nan"), "counts": {"a": 2**70}},
    "no run": lambda facts: {k: v for k, v in facts.items() if k != "run_id"},
}
_RAW = {
    "empty": b"",
    "no text": b"\xff\xfe\x00",
    "null": b"null",
    "list": b"[]",
    "object": b"{}",
    "cut": b'{"event_id": "',
    "deep": b"[" * 20_000,
    "large": b'{"run_id": "' + b"x" * LARGE + b'"}',
}


def publish_poison(url: str, random: Random) -> set[str]:
    """Publish all of it; returns the runs that the messages name."""
    messages = list(_messages(random))
    random.shuffle(messages)
    asyncio.run(_publish(url, messages))
    return {run for _, _, run in messages if run}


def _messages(random: Random) -> Iterator[tuple[str, bytes, str]]:
    subjects = [*EVENTS, *(dead_subject(word) for word in TOPOLOGY)]
    for subject in subjects:
        for body in _RAW.values():
            yield subject, body, ""
        for name, change in _CHANGED.items():
            if (subject, name) == ("portfolios.changed", "Saturday"):
                continue  # no poison: Friday is calculated, which nothing else here asks for
            facts = change(_facts(random))
            yield subject, json.dumps(facts).encode(), facts.get("run_id", "")
    for wiring in TOPOLOGY.values():
        for request in wiring.answers:
            for body in _RAW.values():
                yield request.subject, body, ""


def _facts(random: Random) -> Facts:
    """A valid event of any kind, of a run and a portfolio that there are not."""
    fresh = [str(UUID(int=random.getrandbits(128), version=4)) for _ in range(4)]
    return {
        "event_id": fresh[0],
        "run_id": fresh[1],
        "as_of": "2022-12-28",
        "session_date": "2022-12-28",
        "occurred_at": datetime.now(UTC).isoformat(),
        "price_run": f"poison/{fresh[1]}",
        "shard": 0,
        "shards": 1,
        "portfolio_ids": [fresh[2]],
        "reason": "upload",
        "heard": "prices.updated",
        "attempts": 1,
        "error": "Poison",
        "message": "made up",
        "report_id": fresh[3],
        "letter_id": fresh[3],
        "service": "greeks",
        "payload": "{}",
    }


async def _publish(url: str, messages: list[tuple[str, bytes, str]]) -> None:
    bus = await nats.connect(url, connect_timeout=10)
    try:
        for number, (subject, body, _) in enumerate(messages):
            await bus.publish(subject, body, headers=HEADERS[number % len(HEADERS)])
        await bus.flush(timeout=60)
    finally:
        await bus.close()

"""Very many events for run tracking, faster than it takes them."""

import asyncio
import json
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import nats

SUBJECT = "correlations.computed"
SHARDS = 100
AT_ONCE = 500


def publish_backlog(url: str, count: int, random: Random) -> set[str]:
    """Publish so many results of runs that there are not; returns the runs."""
    runs = [str(UUID(int=random.getrandbits(128), version=4)) for _ in range(-(-count // SHARDS))]
    bodies = [_body(runs[number // SHARDS], number % SHARDS, random) for number in range(count)]
    asyncio.run(_publish(url, bodies))
    return set(runs)


def _body(run: str, shard: int, random: Random) -> bytes:
    facts = {
        "event_id": str(UUID(int=random.getrandbits(128), version=4)),
        "run_id": run,
        "as_of": "2022-12-27",
        "occurred_at": datetime.now(UTC).isoformat(),
        "price_run": f"backlog/{run}",
        "shard": shard,
        "shards": SHARDS,
        "portfolio_ids": [str(UUID(int=random.getrandbits(128), version=4))],
    }
    return json.dumps(facts).encode()


async def _publish(url: str, bodies: list[bytes]) -> None:
    bus = await nats.connect(url, connect_timeout=10)
    try:
        jetstream = bus.jetstream(timeout=60)
        for start in range(0, len(bodies), AT_ONCE):
            part = bodies[start : start + AT_ONCE]
            await asyncio.gather(*(jetstream.publish(SUBJECT, body) for body in part))
    finally:
        await bus.close()

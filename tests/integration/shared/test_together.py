"""Many events in one transaction, on a real server: acknowledged, given up and retried as ever."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from nats.aio.client import Client

from shared.contracts.greeks import GreeksFailed
from shared.contracts.ingest import PricesUpdated
from shared.database import Database, Session
from shared.errors import Permanent
from shared.messaging import Broker, Consumption, ServiceRouter, Traced, publish
from shared.telemetry import create_telemetry
from tests.integration.shared.test_messaging import a_shard, published, settled
from tests.servers import Role, Servers

COUNT = 30
WORK_SECONDS = 0.05  # of a transaction, while others arrive


@dataclass(eq=False)
class Many:
    """A handler of many: `given` are the numbers of the shards of each call.

    Where a call has the shard `broken`, it raises.
    """

    broken: int | None = None
    error: Exception = field(default_factory=lambda: Permanent("no retry can help"))
    given: list[list[int]] = field(default_factory=list)
    traces: dict[int, str | None] = field(default_factory=dict)

    async def __call__(self, traced: Sequence[Traced[PricesUpdated]], session: Session) -> None:
        shards = [each.event.shard for each in traced]
        self.given.append(shards)
        await asyncio.sleep(WORK_SECONDS)
        self.traces |= {each.event.shard: each.trace_id for each in traced}
        if self.broken in shards:
            raise self.error

    def handled(self) -> list[int]:
        """The shards of the calls that raised nothing, ascending."""
        fine = (shards for shards in self.given if self.broken not in shards)
        return sorted(shard for shards in fine for shard in shards)


@asynccontextmanager
async def consuming(servers: Servers, database: Database, handler: Many) -> AsyncIterator[None]:
    """The greeks service with that handler, whose events were published before it started."""
    router = ServiceRouter("greeks")
    router.on_many(PricesUpdated)(handler)
    telemetry = create_telemetry("ingest", servers.settings)
    async with Broker("ingest", servers.settings, telemetry, on_closed=lambda: None) as broker:
        await asyncio.gather(*(publish(broker, a_shard(number)) for number in range(COUNT)))
    telemetry = create_telemetry("greeks", servers.settings)
    broker = Broker("greeks", servers.settings, telemetry, on_closed=lambda: None)
    Consumption(router, broker, database, servers.settings, telemetry).attach()
    async with broker:
        await broker.start()
        yield


async def test_a_backlog_is_handled_in_fewer_transactions_and_acknowledged(
    servers: Servers, role: Role, bus: Client
) -> None:
    many = Many()

    async with consuming(servers, role("greeks"), many):
        await settled(bus)

    assert many.handled() == list(range(COUNT))
    assert len(many.given) < COUNT
    assert len(set(many.traces.values()) - {None}) == COUNT


async def test_a_hopeless_message_among_many_is_the_only_dead_letter(
    servers: Servers, role: Role, bus: Client
) -> None:
    many = Many(broken=7)

    async with consuming(servers, role("greeks"), many):
        [dead] = await published(bus, "DEAD", "dead.greeks")
        [failed] = await published(bus, "GREEKS", GreeksFailed.subject)
        await settled(bus)
        letters = (await bus.jetstream().stream_info("DEAD")).state.messages

    letter = json.loads(dead.data)
    assert (letters, letter["error"], letter["attempts"]) == (1, "Permanent", 1)
    assert GreeksFailed.model_validate_json(failed.data).shard == 7
    assert set(many.handled()) == set(range(COUNT)) - {7}


async def test_a_message_that_fails_for_a_while_is_tried_again_alone_or_with_others(
    servers: Servers, role: Role, bus: Client
) -> None:
    many = Many(broken=7, error=ConnectionError("try again"))

    async with consuming(servers, role("greeks"), many):
        while sum(7 in shards for shards in many.given) < 3:
            await asyncio.sleep(0.01)
        many.broken = None
        await settled(bus)
        letters = (await bus.jetstream().stream_info("DEAD")).state.messages

    assert letters == 0
    assert set(many.handled()) == set(range(COUNT))

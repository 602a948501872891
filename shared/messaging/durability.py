"""Whether the bus keeps what it has acknowledged when the power fails: only its servers know.

By default a server writes to the disk every two minutes, and what it acknowledged since the last
time is lost with the power. What a server is set to is said to users of its system account alone.
"""

import asyncio
import json

import nats
from nats.aio.client import Client

from shared.bus import SYSTEM_USER
from shared.errors import BusUnavailable
from shared.settings import Settings

ASK = "$SYS.REQ.SERVER.PING.VARZ"
LISTEN_SECONDS = 1.0  # for the answers of all servers of a cluster
REFUSED = "authorization violation"


async def forgetful_servers(settings: Settings, password: str) -> list[str] | None:
    """The servers that may lose what they acknowledged, by name; None when they do not say.

    `password` is that of the system user, which is that of `bootstrap`: servers without this user
    do not say. Raises `BusUnavailable`.
    """
    try:
        client = await nats.connect(
            settings.nats_url,
            user=SYSTEM_USER,
            password=password,
            connect_timeout=10,
            allow_reconnect=False,
        )
        try:
            answers = await _answers(client)
        finally:
            await client.close()
    except nats.errors.Error as error:
        if REFUSED in str(error).lower():
            return None
        raise BusUnavailable(f"{type(error).__name__}: {error}") from error
    except OSError as error:
        raise BusUnavailable(f"{type(error).__name__}: {error}") from error
    return sorted(filter(None, map(_forgetful, answers))) if answers else None


async def _answers(client: Client) -> list[bytes]:
    """What every server answers in time; one that knows of no other ends the wait."""
    inbox = client.new_inbox()
    found: list[bytes] = []
    subscription = await client.subscribe(inbox)
    await client.publish(ASK, b"", reply=inbox)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LISTEN_SECONDS
    while (left := deadline - loop.time()) > 0:
        try:
            message = await subscription.next_msg(timeout=left)
        except TimeoutError:
            break
        found.append(message.data)
        if _is_alone(message.data):
            break
    return found


def _is_alone(answer: bytes) -> bool:
    """Whether the server belongs to no cluster and is connected to no other one."""
    said = json.loads(answer).get("data", {})
    return not any(said.get(connection, True) for connection in ("cluster", "gateway", "leaf"))


def _forgetful(answer: bytes) -> str | None:
    """The server's name, unless it writes to the disk before it acknowledges."""
    said = json.loads(answer).get("data", {})
    config = said.get("jetstream", {}).get("config")
    if config is None or config.get("sync_always"):  # the former stores nothing
        return None
    return str(said.get("server_name", "a server"))

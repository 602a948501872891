"""A webhook is one signed request to the address that was checked, over verified TLS."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import trustme
from standardwebhooks import Webhook

from services.limits.senders.addresses import AddressGuard
from services.limits.senders.inputs import Outcome
from services.limits.senders.signatures import new_secret
from services.limits.senders.webhooks import Webhooks
from tests.integration.limits.receivers import HOST, receiving

SECRET = new_secret()
BODY = json.dumps({"type": "alerts.raised"})


class Names:
    """Resolves every host to these addresses, one list after the other."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.times = 0

    async def resolve(self, host: str, port: int) -> list[str]:
        self.times += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def sent(
    port: int,
    certificates: str | None = None,
    names: Names | None = None,
    scheme: str = "https",
    seconds: float = 2,
) -> Outcome:
    """What became of a message to the receiver on a port."""
    guard = AddressGuard(loopback=True, resolve=(names or Names(["127.0.0.1"])).resolve)
    webhooks = Webhooks(guard, seconds, certificates)
    url = f"{scheme}://{HOST}:{port}/hook?desk=risk"
    return await webhooks.send(url, [SECRET], uuid4(), BODY, datetime.now(UTC))


async def test_a_receiver_verifies_what_arrives_over_tls(
    authority: trustme.CA, certificates: str
) -> None:
    names = Names(["127.0.0.1"])
    async with receiving(authority) as receiver:
        outcome = await sent(receiver.port, certificates, names)

    [request] = receiver.received
    assert outcome == Outcome(True, 204)
    assert Webhook(SECRET).verify(request.body, request.headers) == {"type": "alerts.raised"}
    assert request.headers["host"] == f"{HOST}:{receiver.port}"
    assert request.headers["content-type"] == "application/json"
    assert names.times == 1


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500, 503])
async def test_no_other_answer_than_success_counts(status: int) -> None:
    async with receiving() as receiver:
        receiver.answer = lambda _: status
        outcome = await sent(receiver.port, scheme="http")

    assert (outcome.delivered, outcome.status, outcome.gone) == (False, status, False)
    assert str(status) in (outcome.error or "")
    assert len(receiver.received) == 1  # no redirect is followed


async def test_a_receiver_may_say_that_it_is_gone() -> None:
    async with receiving() as receiver:
        receiver.answer = lambda _: 410
        outcome = await sent(receiver.port, scheme="http")

    assert (outcome.delivered, outcome.gone) == (False, True)


async def test_a_certificate_of_another_host_or_authority_is_refused(
    authority: trustme.CA, certificates: str
) -> None:
    async with receiving(authority, "other.example.com") as receiver:
        of_another_host = await sent(receiver.port, certificates)
    async with receiving(authority) as receiver:
        of_unknown_authority = await sent(receiver.port)

    for outcome in (of_another_host, of_unknown_authority):
        assert outcome == Outcome(False, error="the receiver's certificate is not valid")
    assert receiver.received == []


async def test_a_host_that_becomes_private_after_it_was_saved_is_refused_when_sending() -> None:
    """DNS rebinding: the name was public when the channel was added."""
    names = Names(["93.184.216.34"], ["127.0.0.1"])
    guard = AddressGuard(resolve=names.resolve)
    async with receiving() as receiver:
        url = f"https://{HOST}:{receiver.port}/"
        await guard.target(url)
        outcome = await Webhooks(guard, 2).send(url, [SECRET], uuid4(), BODY, datetime.now(UTC))

    assert outcome == Outcome(False, error=f"the host {HOST} has an address that is not public")
    assert receiver.received == []


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """Resolving again would give an address at which nothing listens."""
    names = Names(["127.0.0.1"], ["127.0.0.9"])
    async with receiving() as receiver:
        outcome = await sent(receiver.port, names=names, scheme="http")

    assert (outcome.delivered, names.times) == (True, 1)


async def test_the_next_address_is_tried_when_nothing_listens_at_the_first() -> None:
    async with receiving() as receiver:
        outcome = await sent(receiver.port, names=Names(["127.0.0.9", "127.0.0.1"]), scheme="http")

    assert outcome.delivered
    assert len(receiver.received) == 1


async def test_a_receiver_that_is_down_or_silent_is_named_in_plain_words() -> None:
    async with receiving() as receiver:
        port = receiver.port
    assert await sent(port, scheme="http") == Outcome(False, error="no connection")

    held = []  # a stream that nothing refers to is closed

    def hold(*streams: object) -> None:
        held.append(streams)

    silent = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with silent:
        port = silent.sockets[0].getsockname()[1]
        outcome = await sent(port, scheme="http", seconds=0.1)
    assert outcome == Outcome(False, error="no answer within 0.1 seconds")


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with receiving() as receiver:
        outcome = await sent(receiver.port, scheme="http")

    assert outcome.delivered

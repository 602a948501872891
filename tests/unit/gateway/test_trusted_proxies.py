"""Whose address counts behind proxies, as uvicorn reads the setting that the gateway checks."""

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from services.gateway.settings import GatewaySettings
from shared.errors import Misconfigured
from shared.settings import load

PROXIES = "10.0.0.5, 10.1.0.0/16,2001:db8:ffff::/48"


async def caller(peer: str, *forwarded: str, trusted: str = PROXIES) -> str:
    """The address that the application sees of a request that `peer` passes on."""
    seen: list[str] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope["client"][0])

    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    scope = {"type": "http", "client": (peer, 4711), "headers": headers}
    await ProxyHeadersMiddleware(app, trusted)(scope, None, None)  # type: ignore[arg-type]
    return seen[0]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("10.0.0.5", ["192.0.2.7"], "192.0.2.7"),
        ("10.0.0.5", ["198.51.100.9, 192.0.2.7"], "192.0.2.7"),  # the left one is the caller's word
        ("10.0.0.5", ["198.51.100.9", "192.0.2.7"], "192.0.2.7"),  # in two headers
        ("10.0.0.5", ["198.51.100.9, 192.0.2.7, 10.1.2.3"], "192.0.2.7"),  # two proxies
        ("10.0.0.5", ["192.0.2.7:5000"], "192.0.2.7"),
        ("10.0.0.5", ["[2001:db8:1::7]:5000"], "2001:db8:1::7"),
        ("2001:db8:ffff::1", ["2001:db8:1::7, 2001:db8:FFFF:0::2"], "2001:db8:1::7"),
        ("10.0.0.6", ["192.0.2.7"], "10.0.0.6"),  # no proxy of ours
        ("127.0.0.1", ["192.0.2.7"], "127.0.0.1"),
        ("10.0.0.5", [], "10.0.0.5"),
    ],
)
async def test_the_right_most_address_that_is_no_proxy_counts(
    peer: str, forwarded: list[str], expected: str
) -> None:
    assert await caller(peer, *forwarded) == expected


async def test_no_proxy_is_trusted_where_none_is_named() -> None:
    assert await caller("127.0.0.1", "192.0.2.7", trusted="") == "127.0.0.1"


@pytest.mark.parametrize("value", ["*", "10.0.0.1/8", "proxy.example.com", "10.0.0.5;10.0.0.6"])
def test_what_is_no_network_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", value)

    with pytest.raises(Misconfigured) as refused:
        load(GatewaySettings)

    assert "FORWARDED_ALLOW_IPS" in str(refused.value)
    assert value in str(refused.value)


def test_addresses_and_networks_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", PROXIES)

    assert load(GatewaySettings).trusted_proxies == (
        "10.0.0.5",
        "10.1.0.0/16",
        "2001:db8:ffff::/48",
    )

"""Webhooks go to public addresses over https, and nowhere else."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.limits.senders.addresses import AddressGuard, RefusedAddress, is_public

NOT_PUBLIC = (
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
    *("100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "fec0::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001::1"),
)
PUBLIC = ("1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1")


class Names:
    """Host names with addresses, and how often they were resolved."""

    def __init__(self, **addresses: list[str]) -> None:
        self.addresses = addresses
        self.times = 0

    async def resolve(self, host: str, port: int) -> list[str]:
        self.times += 1
        if host not in self.addresses:
            raise socket.gaierror(host)
        return self.addresses[host]


def guard(*addresses: str, loopback: bool = False) -> AddressGuard:
    return AddressGuard(loopback, Names(**{"hooks.example.com": list(addresses)}).resolve)


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(RefusedAddress):
        await guard(address).target("https://hooks.example.com/x")


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_public_address_is_allowed(address: str) -> None:
    target = await guard(address).target("https://hooks.example.com:8443/x?y=z")

    assert (target.addresses, target.host, target.port) == ((address,), "hooks.example.com", 8443)


@pytest.mark.parametrize("hidden", NOT_PUBLIC)
async def test_one_address_that_is_not_public_refuses_them_all(hidden: str) -> None:
    with pytest.raises(RefusedAddress):
        await guard("1.1.1.1", hidden).target("https://hooks.example.com/")


@given(st.ip_addresses(v=4))
def test_an_address_of_ipv4_is_judged_alike_in_ipv6(address: ipaddress.IPv4Address) -> None:
    assert is_public(ipaddress.ip_address(f"::ffff:{address}")) == is_public(address)
    assert not is_public(ipaddress.ip_address(f"64:ff9b::{address}"))


@pytest.mark.parametrize(
    "address",
    [
        *("http://hooks.example.com/", "ftp://hooks.example.com/", "hooks.example.com", "https://"),
        *("https://user:secret@hooks.example.com/", "https://hooks.example.com/#part"),
        *("https://hooks.example.com:99999/", "https://hooks.example.com/\r\nX: y", "file:///etc"),
        *("https://hooks.example.com/ y", "https://[::1/", "https://hööks.example.com/"),
        "https://hooks.example.com/" + "x" * 2000,
    ],
)
async def test_what_is_no_plain_https_address_is_refused(address: str) -> None:
    with pytest.raises(RefusedAddress):
        await guard("1.1.1.1").target(address)


async def test_a_host_without_an_address_is_refused() -> None:
    with pytest.raises(RefusedAddress, match="has no address"):
        await guard("1.1.1.1").target("https://unknown.example.com/")


async def test_numbers_in_other_notations_are_resolved_and_refused() -> None:
    """The system's resolver accepts them: what counts is what they are."""
    for host in ("2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]", "localhost"):
        with pytest.raises(RefusedAddress):
            await AddressGuard().target(f"https://{host}/")


async def test_loopback_is_allowed_where_it_is_configured_and_other_private_ones_never() -> None:
    allowed = await guard("127.0.0.1", loopback=True).target("http://hooks.example.com/")

    assert allowed.port == 80
    with pytest.raises(RefusedAddress):
        await guard("10.0.0.1", loopback=True).target("https://hooks.example.com/")

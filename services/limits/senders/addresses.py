"""Where webhooks may go: to public addresses over https, resolved once.

A user chooses the address, and this service sends to it from inside the network: without these
rules it could be made to reach what only the network reaches.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
LONGEST_URL = 2000
RESOLVE_SECONDS = 3.0  # a user waits for it when a webhook is added
# What not every version of Python knows to be special: addresses of IPv6 that name one of IPv4,
# which a gateway of the network would reach, those of a site, and those that protocols reserve.
_ALSO_SPECIAL = tuple(
    ipaddress.ip_network(each)
    for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fec0::/10", "192.0.0.0/24")
)


class RefusedAddress(Exception):
    """A webhook's address that nothing is sent to; the text says why, for its user."""


@dataclass(frozen=True)
class Target:
    """A webhook's address, and the network addresses that its host had when it was resolved."""

    url: SplitResult
    host: str
    port: int
    addresses: tuple[str, ...]


async def resolve(host: str, port: int) -> list[str]:
    """Every network address of a host, the preferred one first; raises `OSError`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class AddressGuard:
    """Which addresses are allowed. `loopback`: also http and this machine, for tests."""

    loopback: bool = False
    resolve: Resolve = resolve

    async def target(self, address: str) -> Target:
        """The resolved address; raises `RefusedAddress` when it is not allowed, or unknown.

        Every network address of the host has to be public, so it does not matter which is used.
        """
        url, host, port = self._parts(address)
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await self.resolve(host, port)
        except (OSError, UnicodeError):  # a timeout is one of the first
            found = []
        if not found:
            raise RefusedAddress(f"the host {host} has no address")
        if not all(self._is_allowed(each) for each in found):
            raise RefusedAddress(f"the host {host} has an address that is not public")
        return Target(url, host, port, tuple(found))

    def _parts(self, address: str) -> tuple[SplitResult, str, int]:
        schemes = ("https", "http") if self.loopback else ("https",)
        try:
            url = urlsplit(address)
            port = url.port or (443 if url.scheme == "https" else 80)
        except ValueError:
            raise RefusedAddress("this is no address of a web server") from None
        if len(address) > LONGEST_URL or not (address.isascii() and address.isprintable()):
            raise RefusedAddress(f"an address has at most {LONGEST_URL} printable ASCII characters")
        if url.scheme not in schemes or not url.hostname or " " in address:
            raise RefusedAddress("an address begins with https:// and a host")
        if url.username is not None or url.password is not None or url.fragment:
            raise RefusedAddress("an address has no user, password or #fragment")
        return url, url.hostname, port

    def _is_allowed(self, address: str) -> bool:
        found = _plain(ipaddress.ip_address(address))
        return is_public(found) or (self.loopback and found.is_loopback)


def is_public(address: IpAddress) -> bool:
    """Whether an address belongs to the public internet, and to one machine."""
    plain = _plain(address)
    special = plain.is_multicast or plain.is_reserved or plain.is_unspecified
    return plain.is_global and not special and not any(plain in each for each in _ALSO_SPECIAL)


def _plain(address: IpAddress) -> IpAddress:
    """The address of IPv4 that one of IPv6 contains, if it does."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address

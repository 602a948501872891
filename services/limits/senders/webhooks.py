"""Webhooks: one signed POST to the address that was checked, and to no other."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import httpx2

from services.limits.senders.addresses import AddressGuard, RefusedAddress, Target
from services.limits.senders.inputs import Outcome
from services.limits.senders.signatures import signed_headers

GONE = 410  # how a receiver says that it wants no further messages
_HEADERS = {"Content-Type": "application/json", "User-Agent": "SigmaSight-Webhooks/1"}


class Webhooks:
    """Sends signed messages. `seconds`: how long an attempt may take in all.

    `certificates`: a file of authorities to verify certificates against; None: the system's.
    """

    def __init__(
        self, guard: AddressGuard, seconds: float, certificates: str | None = None
    ) -> None:
        self.guard = guard
        self.seconds = seconds
        self._context = ssl.create_default_context(cafile=certificates)

    async def send(
        self, address: str, secrets: Sequence[str], message_id: UUID, body: str, sent_at: datetime
    ) -> Outcome:
        """One attempt. An answer of 200 to 299 is success; redirects are not followed."""
        content = body.encode()
        headers = {**_HEADERS, **signed_headers(secrets, str(message_id), sent_at, content)}
        try:
            async with asyncio.timeout(self.seconds):
                target = await self.guard.target(address)
                status = await self._post(target, headers, content)
        except RefusedAddress as refused:
            return Outcome(False, error=str(refused))
        except (TimeoutError, httpx2.TimeoutException):
            return Outcome(False, error=f"no answer within {self.seconds:g} seconds")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return Outcome(False, error=_in_plain_words(error))
        return _judged(status)

    async def _post(self, target: Target, headers: Mapping[str, str], content: bytes) -> int:
        """The status of the first of the addresses that can be connected to."""
        async with httpx2.AsyncClient(
            verify=self._context, timeout=self.seconds, follow_redirects=False, trust_env=False
        ) as client:
            *others, last = target.addresses
            for network_address in others:
                try:
                    return await _status(client, target, network_address, headers, content)
                except httpx2.ConnectError:
                    continue
            return await _status(client, target, last, headers, content)


async def _status(
    client: httpx2.AsyncClient,
    target: Target,
    network_address: str,
    headers: Mapping[str, str],
    content: bytes,
) -> int:
    """Post to a network address, under the host's name; the answer's text is not read."""
    bracketed = f"[{network_address}]" if ":" in network_address else network_address
    pinned = target.url._replace(netloc=f"{bracketed}:{target.port}").geturl()
    named = {**headers, "Host": target.url.netloc}
    extensions = {"sni_hostname": target.host}  # the certificate has to be this host's
    async with client.stream(
        "POST", pinned, headers=named, content=content, extensions=extensions
    ) as answer:
        return answer.status_code


def _judged(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(True, status)
    if status == GONE:
        return Outcome(False, status, "the receiver wants no further messages (410)", gone=True)
    moved = ": redirects are not followed" if 300 <= status < 400 else ""
    return Outcome(False, status, f"the receiver answered {status}{moved}")


def _in_plain_words(error: Exception) -> str:
    if isinstance(error, httpx2.ConnectError):
        reason = str(error)
        certificate = "CERTIFICATE" in reason.upper()
        return "the receiver's certificate is not valid" if certificate else "no connection"
    return "the connection broke before there was an answer"

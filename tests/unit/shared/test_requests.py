"""A request is answered with its own reply, typed and validated, over any bus."""

from dataclasses import dataclass
from typing import assert_type
from uuid import UUID

import pytest
from pydantic import ValidationError

from shared.contracts.event import Contract, Refusal
from shared.contracts.ingest import RowsStored, StorePrices
from shared.errors import BusUnavailable, InvalidRows
from shared.messaging import Refused, RequestTooLarge, Unanswered, ask
from shared.messaging.requests import MOST_BYTES, answer_json, invalid_request_json, permanent_json
from shared.topology import TOPOLOGY


@dataclass
class OneReply:
    """A bus that gives the same reply to every request, or none."""

    reply: bytes | None

    async def send(self, subject: str, body: bytes, *, stream: str, message_id: UUID) -> None:
        raise NotImplementedError

    async def request(self, subject: str, body: bytes, timeout_seconds: float) -> bytes:
        if self.reply is None:
            raise BusUnavailable("TimeoutError: no reply")
        return self.reply


async def test_the_reply_has_the_type_that_the_request_names() -> None:
    stored = RowsStored(received=2, changed=1)

    reply = await ask(OneReply(answer_json(stored)), StorePrices(rows=()))

    assert_type(reply, RowsStored)
    assert reply == stored


async def test_a_refusal_is_raised_with_its_code_and_problems() -> None:
    refusal = permanent_json(InvalidRows({3: "no such session"}))

    with pytest.raises(Refused) as raised:
        await ask(OneReply(refusal), StorePrices(rows=()))

    assert raised.value.refusal == Refusal(
        code="invalid_rows",
        message="1 row(s) cannot be stored; nothing was written",
        problems=({"row": 3, "message": "no such session"},),
    )


async def test_a_request_too_large_for_the_bus_is_not_sent() -> None:
    request = StorePrices(source="x" * MOST_BYTES, rows=())

    with pytest.raises(RequestTooLarge, match="larger than the 1,000,000 bytes"):
        await ask(OneReply(None), request)


async def test_no_reply_in_time_is_unanswered() -> None:
    with pytest.raises(Unanswered, match=r"no answer on ask\.ingest\.store_prices"):
        await ask(OneReply(None), StorePrices(rows=()))


def test_an_invalid_request_is_refused_field_by_field() -> None:
    with pytest.raises(ValidationError) as raised:
        StorePrices.model_validate({"rows": [{"symbol": "AAPL"}]})

    refusal = invalid_request_json(raised.value).decode()

    assert '"code": "invalid_request"' in refusal
    assert '"field": "rows.0.close"' in refusal


def test_every_request_names_its_reply() -> None:
    requests = [request for wiring in TOPOLOGY.values() for request in wiring.answers]

    assert all(issubclass(request.reply, Contract) for request in requests)
    assert len({request.subject for request in requests}) == len(requests)

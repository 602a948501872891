"""Requests over the bus and their answers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from faststream.exceptions import FastStreamException
from faststream.nats import NatsBroker
from nats.errors import Error as NatsError
from pydantic import ValidationError

from shared.contracts.event import (
    Contract,
    Refusal,
    Request,
)
from shared.errors import SigmaSightError


class Refused(SigmaSightError):
    """The service that was asked said no, and why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class Unanswered(SigmaSightError):
    """Nobody answered in time: the service is down or busy."""

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"no answer on {subject}: the service is not running or too busy; try again later"
        )
        self.subject = subject


async def ask(broker: NatsBroker, request: Request, timeout_seconds: float = 30.0) -> Contract:
    """Ask over request-reply; returns the request's reply class, raises `Refused` or
    `Unanswered`.
    """
    try:
        response = await broker.request(
            request.model_dump_json().encode(), request.subject, timeout=timeout_seconds
        )
    except (TimeoutError, NatsError, FastStreamException) as error:
        raise Unanswered(request.subject) from error
    answer = json.loads(response.body)
    if "refusal" in answer:
        raise Refused(Refusal.model_validate(answer["refusal"]))
    return request.reply.model_validate(answer["answer"])


def refusal_json(code: str, message: str, problems: Sequence[Mapping[str, Any]] = ()) -> bytes:
    refusal = Refusal(
        code=code, message=message, problems=tuple(dict(problem) for problem in problems)
    )
    return json.dumps({"refusal": refusal.model_dump(mode="json")}).encode()


def problems_of(error: ValidationError) -> list[dict[str, Any]]:
    return [
        {"field": ".".join(str(part) for part in e["loc"]), "message": e["msg"]}
        for e in error.errors()
    ]

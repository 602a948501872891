"""Requests over the bus: a question to one service and its reply.

The reply on the wire is `{"answer": ...}` or, when the service refuses, `{"refusal": ...}`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import ValidationError

from shared.contracts.event import Contract, Refusal, Reply, Request
from shared.errors import BusUnavailable, Permanent, SigmaSightError
from shared.messaging.broker import Bus

MOST_BYTES = 1_000_000  # the server closes the connection at a message above 1 MiB


class Refused(SigmaSightError):
    """The service refused the request; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class RequestTooLarge(SigmaSightError):
    """The request is larger than a message may be, so it was not sent."""

    def __init__(self) -> None:
        super().__init__(
            f"the request is larger than the {MOST_BYTES:,} bytes that a service receives: "
            "send less at once"
        )


class Unanswered(SigmaSightError):
    """No reply came in time: the service is not running or too busy."""

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"no answer on {subject}: the service is not running or too busy; try again later"
        )
        self.subject = subject


async def ask(bus: Bus, request: Request[Reply], timeout_seconds: float = 30.0) -> Reply:
    """The validated reply to a request; raises `Refused`, `RequestTooLarge` or `Unanswered`."""
    body = request.model_dump_json().encode()
    if len(body) > MOST_BYTES:
        raise RequestTooLarge
    try:
        response = await bus.request(request.subject, body, timeout_seconds)
    except BusUnavailable as error:
        raise Unanswered(request.subject) from error
    reply = json.loads(response)
    if "refusal" in reply:
        raise Refused(Refusal.model_validate(reply["refusal"]))
    return cast(Reply, request.reply.model_validate(reply["answer"]))


def answer_json(answer: Contract) -> bytes:
    """A reply as it goes over the wire."""
    return json.dumps({"answer": answer.model_dump(mode="json")}).encode()


def refusal_json(code: str, message: str, problems: Sequence[Mapping[str, object]] = ()) -> bytes:
    """A refusal as it goes over the wire."""
    refusal = Refusal(
        code=code, message=message, problems=tuple(dict(problem) for problem in problems)
    )
    return json.dumps({"refusal": refusal.model_dump(mode="json")}).encode()


def invalid_request_json(error: ValidationError) -> bytes:
    """The refusal of a request that does not match its contract, field by field."""
    problems = [
        {"field": ".".join(str(part) for part in each["loc"]), "message": each["msg"]}
        for each in error.errors()
    ]
    message = f"{error.error_count()} invalid value(s) in the request"
    return refusal_json("invalid_request", message, problems)


def permanent_json(error: Permanent) -> bytes:
    """The refusal of a request that cannot be done, with the error's own code and problems."""
    code = getattr(error, "code", None) or error.public_code or "invalid_request"
    return refusal_json(code, str(error), getattr(error, "problems", ()))

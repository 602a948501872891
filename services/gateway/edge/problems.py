"""Errors as RFC 9457 problem documents (`application/problem+json`)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from opentelemetry import trace
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import ErrorDetails
from sqlalchemy.exc import InterfaceError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.routing import Match
from starlette.websockets import WebSocket

from shared.database import (
    breaks_reference,
    cannot_write,
    is_outage,
    is_refused_by_policy,
    is_unstorable_text,
)
from shared.errors import UnstorableText
from shared.messaging import Refused, RequestTooLarge, Unanswered

# The names of RFC 9110, which Python has from 3.13 on: titles and codes are then the same.
RENAMED = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
FAILED = "failed"  # how a service answers what it did not expect
MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger("sigmasight.gateway")


class FieldError(BaseModel):
    """One thing that is wrong: the field, a stable code and a sentence.

    For files also the line.
    """

    model_config = ConfigDict(extra="allow")

    field: str | None = None
    code: str
    message: str
    line: int | None = None


class ProblemDocument(BaseModel):
    """What every error answers."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Not Found",
                    "status": 404,
                    "code": "portfolio_not_found",
                    "detail": "there is no portfolio 7f1c1f9e-8f4e-4c55-9d5a-2f1f3f0c6a11",
                    "errors": [],
                }
            ]
        }
    )

    type: str = Field(
        default="about:blank", description="always about:blank: `code` identifies the problem"
    )
    title: str = Field(description="the status's name")
    status: int
    code: str = Field(description="stable, for programs")
    detail: str = Field(description="a sentence, for people")
    errors: list[FieldError] = []


class Problem(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = [FieldError.model_validate(dict(error)) for error in errors]
        self.headers = dict(headers or {})

    def document(self) -> ProblemDocument:
        """What is said of it."""
        title = title_of(self.status)
        return ProblemDocument(
            title=title, status=self.status, code=self.code, detail=self.detail, errors=self.errors
        )

    def response(self) -> Response:
        """The problem as it goes over the wire."""
        content = self.document().model_dump(mode="json")
        return JSONResponse(content, self.status, headers=self.headers, media_type=MEDIA_TYPE)


def title_of(status: int) -> str:
    """The name of a status, by RFC 9110 section 15."""
    return RENAMED.get(status) or HTTPStatus(status).phrase


def not_found(what: str, which: object) -> Problem:
    """The 404 for a thing that does not exist or is not the caller's, which look the same."""
    return Problem(404, f"{what}_not_found", f"there is no {what} {which}")


def unauthorised(code: str, detail: str) -> Problem:
    """A 401 that says how to authenticate."""
    return Problem(401, code, detail, headers={"WWW-Authenticate": "Bearer"})


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for the problems a route may answer.

    Routes that need a token or validate input include 401 and 422.
    """
    schema = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
    return {
        status: {"description": title_of(status), "content": {MEDIA_TYPE: schema}}
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Answer every error with a problem document."""
    app.add_exception_handler(Problem, _as_problem)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, answered)


async def _as_problem(_: Request | WebSocket, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()  # of a WebSocket, the framework sends it in place of the handshake


async def _invalid_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _invalid([_of_request(each, error.body) for each in error.errors()]).response()


def _of_request(error: ErrorDetails, body: object) -> FieldError:
    """An error of a request; the first part of its place says which part of the request."""
    part, *place = error["loc"]
    if part != "body":  # a parameter's value is a text, or a list of texts
        place = [*place[:1], *(each for each in place[1:] if isinstance(each, int))]
        return _refused(error, place)
    return _refused(error, _path_as_sent(place, body, missing=error["type"] == "missing"))


def invalid_values(found: Sequence[ErrorDetails], sent: object) -> Problem:
    """The 422 for values that pydantic refused of what was sent: each with its place, and why."""
    return _invalid([field_error(each, sent) for each in found])


def _invalid(found: Sequence[FieldError]) -> Problem:
    """The 422 for errors; those of one value, none of whose alternatives it is, are one."""
    errors: dict[str | int, FieldError] = {}
    for number, each in enumerate(found):
        first = errors.setdefault(each.field or number, each)
        if first is not each:
            first.message += f"; or: {each.message}"
    detail = f"{len(errors)} value{'s' if len(errors) > 1 else ''} in the request cannot be used"
    documents = [each.model_dump(exclude_unset=True) for each in errors.values()]
    return Problem(422, "invalid_request", detail, documents)


def field_error(error: ErrorDetails, sent: object, *within: str) -> FieldError:
    """What pydantic refused of what was sent; `within`: the path to that."""
    path = _path_as_sent(error["loc"], sent, missing=error["type"] == "missing")
    return _refused(error, [*within, *path])


def _path_as_sent(
    place: Sequence[str | int], sent: object, *, missing: bool
) -> Iterator[str | int]:
    """The path that the sender gave a value, of pydantic's place of it.

    The place also names the alternative of a union that was tried, and marks the names of an
    object; neither is in what was sent. `missing`: nor is the last part, which has to be.
    """
    for number, part in enumerate(place, start=1):
        match sent, part:
            case Mapping(), _ if part in sent:
                sent = sent[part]
            case list() | tuple(), int() if part < len(sent):
                sent = sent[part]
            case _ if not (missing and number == len(place)):
                continue
        yield part


def _refused(error: ErrorDetails, path: Iterable[str | int]) -> FieldError:
    field = ".".join(map(str, path)) or None
    return FieldError(field=field, code=error["type"], message=error["msg"])


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(
            _allowed(request)
        )  # the framework names the first route's methods only
    code = title_of(status).lower().replace(" ", "_")
    return Problem(status, code, str(error.detail), headers=headers).response()


def _allowed(request: Request) -> list[str]:
    """The methods of every route with the request's path."""
    asked = {"type": "http", "path": request.scope["path"], "root_path": "", "headers": []}
    return [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(
            route.matches({**asked, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


def problem_of(error: Exception) -> Problem | None:
    """What an error that a route or a tool raises is to its caller; None: it is unexpected."""
    match error:
        case Problem():
            return error
        case Refused():
            return _refusal(error)
        case RequestTooLarge():
            return Problem(413, "too_large", _with_notes(error))
        case Unanswered():
            later = {"Retry-After": "5"}
            return Problem(503, "service_unavailable", _with_notes(error), headers=later)
        case _ if is_unstorable_text(error):
            return Problem(422, UnstorableText.code, str(UnstorableText()))
        case _ if is_database_outage(error):
            return _unavailable(error)
        case _ if is_refused_by_policy(error) or breaks_reference(error, OF_SHARES):
            return _ended(error)
    return None


# A portfolio's deletion or the end of its share came between its check and what depends on it.
OF_SHARES = ("drafts_share_fkey", "portfolios_share_fkey", "portfolio_shares_owner_fkey")


def _ended(error: Exception) -> Problem:
    log.warning("written too late", exc_info=error)
    detail = "the portfolio was deleted, or is not shared with you as it was: load your list again"
    return Problem(404, "portfolio_not_found", detail)


def is_database_outage(error: Exception) -> bool:
    """Whether the database did not do its part, and may do it a little later.

    Not a file that is missing: that is an `OSError` too, with its name.
    """
    if isinstance(error, OSError) and error.filename is not None:
        return False
    return is_outage(error) or isinstance(error, InterfaceError)


def _refusal(error: Refused) -> Problem | None:
    refusal = error.refusal
    if refusal.code == FAILED:
        return None
    errors = [{"code": refusal.code, "message": "", **problem} for problem in refusal.problems]
    return Problem(422, refusal.code, _with_notes(error), errors)


async def answered(connection: HTTPConnection, error: Exception) -> Response:
    """The answer to an error of a request, or in place of a WebSocket's handshake."""
    problem = problem_of(error) or unexpected_problem(connection.url.path, error)
    return problem.response()


def _with_notes(error: Exception) -> str:
    return "; ".join([str(error), *getattr(error, "__notes__", ())])


def _unavailable(error: Exception) -> Problem:
    log.error("database unavailable", exc_info=error)
    does = "can store nothing" if cannot_write(error) else "cannot be reached"
    detail = f"the database {does} at the moment: try again later"
    return Problem(503, "database_unavailable", detail, headers={"Retry-After": "5"})


def unexpected_problem(path: str, error: Exception) -> Problem:
    """The problem for an unexpected error, whose cause is logged: it shows no internals."""
    trace.get_current_span().record_exception(error)
    log.error("request failed", path=path, exc_info=error)
    return Problem(500, "internal_error", "something went wrong here; the cause is in the log")

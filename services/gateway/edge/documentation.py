"""The OpenAPI document, with the problems and headers that every route may answer."""

from typing import Any

from fastapi import FastAPI

from services.gateway.edge.problems import documented
from services.gateway.edge.scopes import NEEDED, Scope

API = "/api/v1/"
_ANYWHERE = documented(422, 429, 500, 503, 504)
_WITH_BODY = documented(400, 408, 413)
_RATE_LIMITS = {
    "X-RateLimit-Limit": "requests a minute",
    "X-RateLimit-Remaining": "how many more may follow now",
    "X-RateLimit-Reset": "Unix time at which more may follow",
}
_HEADERS = {
    name: {"description": text, "schema": {"type": "integer"}}
    for name, text in _RATE_LIMITS.items()
} | {
    "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}},
    "ETag": {"description": "send it back as `If-None-Match`", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "`true`: the first answer under this key, given again",
        "schema": {"type": "string"},
    },
}
_NOT_MODIFIED = {
    "description": "Not Modified: the answer is the one whose `ETag` came as `If-None-Match`"
}


class DocumentedApi(FastAPI):
    """An application whose document names the problems and headers that middleware adds."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _completed(super().openapi())
        return self.openapi_schema


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    document["components"]["headers"] = _HEADERS
    for path, operations in document["paths"].items():
        if path.startswith(API):
            for method, operation in operations.items():
                _complete(method, operation)
                _say_scopes(f"{method.upper()} {path.removeprefix(API)}", operation)
    return document


def _complete(method: str, operation: dict[str, Any]) -> None:
    responses: dict[str, Any] = operation["responses"]
    also = _ANYWHERE | (_WITH_BODY if "requestBody" in operation else {})
    for status, response in also.items():
        responses.setdefault(str(status), response)
    if method == "get" and "200" in responses:
        responses.setdefault("304", _NOT_MODIFIED)
    operation["responses"] = {
        status: {**response, "headers": {**_named(status, method), **response.get("headers", {})}}
        for status, response in sorted(responses.items())
    }


def _say_scopes(route: str, operation: dict[str, Any]) -> None:
    """Which personal tokens the route takes."""
    needed = NEEDED.get(route)
    if needed is None or "security" not in operation:
        return
    which = " and ".join(f"`{scope}`" for scope in Scope if scope in needed)
    said = f"personal tokens: {which}" if needed else "any personal token"
    operation["description"] = f"{operation.get('description', '')}\n\nTakes {said}.".strip()


def _named(status: str, method: str) -> dict[str, Any]:
    names = [*_RATE_LIMITS]
    if status in ("429", "503"):
        names.append("Retry-After")
    if method == "get" and status in ("200", "304"):
        names.append("ETag")
    if method == "post" and status in ("201", "202"):
        names.append("Idempotency-Replayed")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}

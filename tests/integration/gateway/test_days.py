"""Every date that a request may name, at and beyond the bounds of dates: no route fails."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from shared.contracts.event import EARLIEST_DAY, LATEST_DAY
from shared.database import Database
from tests.integration.gateway.people import GOOD_FILE, Person
from tests.integration.gateway.seeds import a_stored_book
from tests.pipeline import answering_services
from tests.servers import Servers

EXTREMES = ("0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31")
BOUNDS = (EARLIEST_DAY.isoformat(), LATEST_DAY.isoformat())
Schema = dict[str, Any]


def is_date(schema: Schema) -> bool:
    return schema.get("format") == "date" or any(map(is_date, schema.get("anyOf", ())))


def resolved(schema: Schema, document: Schema) -> Schema:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def dated(schema: Schema, value: Any, document: Schema, day: str) -> Iterator[tuple[str, Any]]:
    """Each date that the schema has, by name, and the value with that date in its place."""
    schema = resolved(schema, document)
    for name, each in schema.get("properties", {}).items():
        each = resolved(each, document)
        if is_date(each):
            yield name, {**value, name: day}
        elif each.get("type") == "array":
            items = value.get(name) or resolved(each["items"], document).get("examples", [])
            for inner, first in dated(each["items"], items[0], document, day) if items else ():
                yield f"{name}.{inner}", {**value, name: [first, *items[1:]]}
        elif "properties" in each and value.get(name):
            for inner, nested in dated(each, value[name], document, day):
                yield f"{name}.{inner}", {**value, name: nested}


def requests(document: Schema, known: dict[str, str], day: str) -> Iterator[tuple[str, str, Any]]:
    """Method, path with query, and body: one request for every date of every route."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from _of_route(document, known, day, method.upper(), path, operation)


def _of_route(
    document: Schema, known: dict[str, str], day: str, method: str, path: str, operation: Schema
) -> Iterator[tuple[str, str, Any]]:
    parameters = operation.get("parameters", [])
    dates = {each["name"]: each["in"] for each in parameters if is_date(each["schema"])}
    filled = path
    for each in parameters:
        if each["in"] == "path":
            value = day if each["name"] in dates else known.get(each["name"], "AAPL")
            filled = filled.replace("{" + each["name"] + "}", value)
    for name, place in dates.items():
        yield method, filled if place == "path" else f"{filled}?{name}={day}", None
    content = operation.get("requestBody", {}).get("content", {})
    for kind, each in content.items():
        schema = resolved(each["schema"], document)
        [example, *_] = schema.get("examples", [{}])
        for _, body in dated(schema, example, document, day):
            yield method, filled, body if "json" in kind else {"form": body}


@pytest.fixture
async def known(ann: Person, admin: Database, market: None) -> dict[str, str]:
    """Ids of a stored portfolio for the parameters of paths."""
    book = await a_stored_book(ann, admin)
    [position_id, *_] = book.positions.values()
    return {"portfolio_id": book.portfolio_id, "position_id": str(position_id)}


@pytest.mark.parametrize("day", [*EXTREMES, *BOUNDS])
async def test_no_date_makes_a_route_fail(
    app: FastAPI,
    servers: Servers,
    admin: Database,
    ann: Person,
    operator: Person,
    known: dict[str, str],
    day: str,
) -> None:
    failed: list[tuple[str, str, int]] = []
    count = 0
    async with answering_services(servers, admin):
        for method, path, body in requests(app.openapi(), known, day):
            person = operator if "/admin/" in path else ann
            answer = await _answered(person, method, path.removeprefix("/api/v1/"), body)
            count += 1
            if answer.status_code == 500 or (
                day in EXTREMES and answer.status_code not in (404, 422, 503)
            ):
                failed.append((method, path, answer.status_code))

    assert count > 40
    assert failed == []


async def _answered(person: Person, method: str, path: str, body: Any) -> httpx2.Response:
    if isinstance(body, dict) and "form" in body:
        files = {"file": ("book.csv", GOOD_FILE, "text/csv")}
        return await person.request(method, path, files=files, data=body["form"])
    return await person.request(method, path, **({"json": body} if body is not None else {}))

"""What a request names and no route has is refused by name, on every route."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from tests.integration.gateway.people import GOOD_FILE, Person

pytestmark = pytest.mark.usefixtures("market")


def operations(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and path of the document, with something for each of the path's parameters."""
    return [
        (method.upper(), _filled(path))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    ]


def _filled(path: str) -> str:
    while "{" in path:
        start, _, rest = path.partition("{")
        path = f"{start}{uuid4()}{rest.partition('}')[2]}"
    return path


async def test_every_route_refuses_a_query_parameter_that_it_does_not_have(
    app: FastAPI, http: httpx2.AsyncClient, operator: Person
) -> None:
    token = {"Authorization": f"Bearer {operator.tokens['access_token']}"}

    lenient = []
    for method, path in operations(app):
        answer = await http.request(method, f"{path}?no_such_parameter=1", headers=token)
        fields = [error["field"] for error in _errors(answer)]
        if answer.status_code != 422 or fields != ["no_such_parameter"]:
            lenient.append((method, path, answer.status_code))

    assert len(operations(app)) > 80
    assert lenient == []


def _errors(answer: httpx2.Response) -> list[dict[str, Any]]:
    if "json" not in answer.headers.get("content-type", ""):
        return []
    found: list[dict[str, Any]] = answer.json().get("errors", [])
    return found


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limitt=5", "limitt"),
        ("limit=5&Limit=6", "Limit"),
        ("kind=buy&kinds=sell", "kinds"),
        ("=1", ""),
    ],
)
async def test_a_misspelt_filter_is_named_with_what_there_is(
    ann: Person, query: str, named: str
) -> None:
    book = (await ann.post("portfolios", {"name": "Book"})).json()["portfolio_id"]

    answer = await ann.get(f"portfolios/{book}/transactions?{query}")

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [named]
    assert answer.json()["errors"][0]["code"] == "unknown_parameter"


async def test_known_parameters_of_dependencies_and_models_are_taken(ann: Person) -> None:
    book = (await ann.post("portfolios", {"name": "Book"})).json()["portfolio_id"]

    listed = await ann.get(
        f"portfolios/{book}/transactions?kind=buy&kind=sell&source=api&from=2022-01-03&limit=5"
    )
    files = {"file": ("book.csv", GOOD_FILE, "text/csv")}
    path = "portfolio/upload?dry_run=true&stated_on=entry_date"
    loaded = await ann.request("POST", path, files=files, data={"mode": "partial"})

    assert (listed.status_code, loaded.status_code) == (200, 200)


async def test_a_form_field_that_does_not_exist_is_refused(ann: Person) -> None:
    answer = await ann.upload(GOOD_FILE, equity_ballance="5")

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "field": "equity_ballance",
            "code": "unknown_parameter",
            "message": ("there is no form field 'equity_ballance': did you mean 'equity_balance'?"),
            "line": None,
        }
    ]
    assert (await ann.get("portfolios")).json()["total"] == 0


async def test_a_source_that_does_not_exist_is_refused(ann: Person) -> None:
    book = (await ann.post("portfolios", {"name": "Book"})).json()["portfolio_id"]

    answer = await ann.get(f"portfolios/{book}/transactions?source=apis")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "source.0"


@pytest.mark.parametrize(
    ("query", "named"),
    [("limit=5&limit=6", "limit"), ("as_of=2022-12-28&as_of=2022-12-27", "as_of")],
)
async def test_a_value_given_twice_is_refused_by_name(ann: Person, query: str, named: str) -> None:
    answer = await ann.get(f"market-data/options/AAPL?{query}")

    errors = [(error["field"], error["code"]) for error in answer.json()["errors"]]
    assert (answer.status_code, errors) == (422, [(named, "repeated_parameter")])


async def test_a_form_field_given_twice_is_refused_by_name(ann: Person) -> None:
    parts: list[tuple[str, Any]] = [
        ("portfolio_name", (None, "One")),
        ("portfolio_name", (None, "Other")),
        ("file", ("book.csv", GOOD_FILE, "text/csv")),
    ]

    answer = await ann.request("POST", "portfolio/upload", files=parts)

    errors = [(error["field"], error["code"]) for error in answer.json()["errors"]]
    assert (answer.status_code, errors) == (422, [("portfolio_name", "repeated_parameter")])


async def test_a_body_is_refused_where_a_route_takes_none(ann: Person, operator: Person) -> None:
    refused = [
        await operator.post("admin/demo/reset", {"dry_run": True}),
        await ann.post("events/ticket", {"seconds": 60}),
        await ann.request("DELETE", f"portfolios/{uuid4()}", json={"name": "x"}),
        await ann.request("GET", "portfolios", json=["x"]),
    ]
    nothing = [await ann.post("events/ticket", None), await ann.post("events/ticket", {})]

    assert [answer.status_code for answer in refused] == [422] * 4
    assert [answer.json()["errors"][0]["field"] for answer in refused] == [
        *("dry_run", "seconds", "name", "body"),
    ]
    assert [answer.status_code for answer in nothing] == [200, 200]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ('{"name": "One", "name": "Other"}', "name"),
        ('{"name": "A", "nested": [{"x": {"y": 1, "y": 2}}]}', "y"),
        ('{"name": "A", "filler": "%s", "name": "B"}' % ("x" * 70_000), "name"),
    ],
)
async def test_a_field_of_json_given_twice_is_refused_by_name(
    ann: Person, body: str, named: str
) -> None:
    json = {"content-type": "application/json"}
    answer = await ann.request("POST", "portfolios", content=body, headers=json)

    errors = [(error["field"], error["code"]) for error in answer.json()["errors"]]
    assert (answer.status_code, errors) == (422, [(named, "repeated_parameter")])


def test_no_object_in_a_body_takes_fields_that_it_does_not_have(app: FastAPI) -> None:
    document = app.openapi()
    bodies = [
        content["schema"]
        for methods in document["paths"].values()
        for operation in methods.values()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
    ]

    open_to_anything = {
        name
        for name in _referred(bodies, document["components"]["schemas"])
        if document["components"]["schemas"][name].get("additionalProperties") is not False
        and "properties" in document["components"]["schemas"][name]
    }

    assert len(bodies) > 20
    assert open_to_anything == set()


def _referred(schema: Any, known: dict[str, Any]) -> set[str]:
    """The names of every schema that this one refers to, directly or not."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        match waiting.pop():
            case {"$ref": str(reference)} if (name := reference.rpartition("/")[2]) not in found:
                found.add(name)
                waiting.append(known[name])
            case dict(each):
                waiting += each.values()
            case list(each):
                waiting += each
    return found

"""What requests send, by the document: numbers are numbers, and what is refused is named."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from services.gateway.edge.problems import invalid_values
from services.gateway.edge.values import RequestBody
from tests.integration.gateway.people import GOOD_FILE, Person

Document = Mapping[str, Any]
Path = tuple[str | int, ...]
NUMERIC = {"number", "integer"}


def request_models(document: Document) -> list[type[RequestBody]]:
    """The model of every JSON body; each is a `RequestBody`."""
    known = {each.__name__: each for each in derived(RequestBody)}
    names = {
        content["schema"]["$ref"].rsplit("/", 1)[-1]
        for methods in document["paths"].values()
        for operation in methods.values()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
    }
    assert names
    assert names <= known.keys(), "these are to be derived from RequestBody"
    return [known[name] for name in sorted(names)]


def derived(model: type[RequestBody]) -> Iterator[type[RequestBody]]:
    for each in model.__subclasses__():
        yield each
        yield from derived(each)


def places(
    document: Document, schema: Document, path: Path = ()
) -> Iterator[tuple[Path, Document]]:
    """Every place in what a schema describes, with the schema of its value."""
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    described: Document = document["components"]["schemas"][name] if name else schema
    yield path, described
    for each in alternatives(described):
        yield from places(document, each, path)
    for field, each in described.get("properties", {}).items():
        yield from places(document, each, (*path, field))
    if isinstance(described.get("additionalProperties"), dict):
        yield from places(document, described["additionalProperties"], (*path, "AAPL"))
    if "items" in described:
        yield from places(document, described["items"], (*path, 0))


def alternatives(schema: Document) -> list[Document]:
    found = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return [each for each in found if each.get("type") != "null"]


def holding(path: Path, value: object) -> Any:
    """The least that has the value at the path."""
    for part in reversed(path):
        value = [value] if part == 0 else {part: value}
    return value


def refusals(model: type[RequestBody], sent: object) -> dict[str | None, str]:
    """What is refused, by its field."""
    with pytest.raises(ValidationError) as refused:
        model.model_validate(sent)
    problem = invalid_values(refused.value.errors(), sent)
    return {each.field: each.code for each in problem.errors}


def test_true_is_no_number_in_any_body(app: FastAPI) -> None:
    document = app.openapi()
    tried = 0

    for model in request_models(document):
        schema = document["components"]["schemas"][model.__name__]
        for path, described in places(document, schema):
            if path and NUMERIC & {described.get("type"), *map(kind_of, described.get("enum", ()))}:
                for value in (True, False):
                    found = refusals(model, holding(path, value))
                    field = ".".join(map(str, path))
                    assert found.get(field) == "number_expected", (model.__name__, field, found)
                tried += 1

    assert tried > 60


def kind_of(value: object) -> str:
    return "number" if type(value) in (int, float) else "other"


def test_what_is_none_of_the_alternatives_is_named_as_it_was_sent(app: FastAPI) -> None:
    document = app.openapi()
    tried = 0

    for model in request_models(document):
        schema = document["components"]["schemas"][model.__name__]
        for path, described in places(document, schema):
            if path and len(alternatives(described)) > 1:
                wrong = {"neither": "this"}
                found = refusals(model, holding(path, wrong))
                field = ".".join(map(str, path))
                assert field in found, (model.__name__, field, found)
                below = {each for each in found if str(each).startswith(f"{field}.")}
                assert below <= {f"{field}.neither"}, (model.__name__, below)
                tried += 1

    assert tried > 20


async def test_an_alternative_of_a_form_field_or_a_parameter_is_named(
    app: FastAPI, ann: Person
) -> None:
    document = app.openapi()
    tried = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for where, name in unions_beside_json(document, operation):
                sent: dict[str, dict[str, str]] = {"data": {}, "params": {}}
                sent[where] = {name: "x y"}
                file = {"file": ("book.csv", GOOD_FILE, "text/csv")}
                answer = await ann.request(
                    method.upper(), path.removeprefix("/api/v1/"), files=file, **sent
                )

                assert answer.status_code == 422, answer.text
                named = [each["field"] for each in answer.json()["errors"]]
                assert named.count(name) == 1, (path, name, named)
                assert not [each for each in named if str(each).startswith(f"{name}.")]
                tried += 1

    assert tried >= 3


def unions_beside_json(document: Document, operation: Document) -> set[tuple[str, str]]:
    """The form fields and parameters of an operation that have alternatives, and where they go."""
    fields = {
        ("data", str(path[0])): described
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "multipart/form-data"
        for path, described in places(document, content["schema"])
        if len(path) == 1
    }
    parameters = {
        ("params", each["name"]): each["schema"]
        for each in operation.get("parameters", ())
        if each["in"] == "query"
    }
    return {name for name, each in (fields | parameters).items() if len(alternatives(each)) > 1}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("portfolios", {"name": "Growth", "equity_balance": True}, "equity_balance"),
        ("risk/stress-testing/direct-impact", {"shocks": {"AAPL": True}}, "shocks.AAPL"),
        ("risk/grid", {"spots": [0, False]}, "spots.1"),
    ],
)
async def test_the_answer_names_the_number_that_was_true(
    ann: Person, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await ann.post(path, body)

    assert answer.status_code == 422, answer.text
    (refused,) = answer.json()["errors"]
    assert (refused["field"], refused["code"]) == (field, "number_expected")


async def test_what_is_no_json_has_no_field(http: httpx2.AsyncClient, ann: Person) -> None:
    answer = await ann.request(
        "POST", "portfolios", content=b'{"name": ', headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422
    (refused,) = answer.json()["errors"]
    assert (refused["field"], refused["code"]) == (None, "json_invalid")

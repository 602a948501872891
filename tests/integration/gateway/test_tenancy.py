"""Nobody sees another's portfolio: 404, as if it were not there."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.integration.gateway.people import Person

ENTRY = {"symbol": "XOM", "quantity": 5, "entry_price": 90, "entry_date": "2022-06-01"}
# Every route that names a portfolio, with a body it would accept.
ROUTES: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "portfolio?portfolio_id={id}", {}),
    ("GET", "portfolio/exposures?portfolio_id={id}", {}),
    ("GET", "positions?portfolio_id={id}", {}),
    ("GET", "positions/grouped?portfolio_id={id}", {}),
    ("POST", "positions", {"json": {"portfolio_id": "{id}", **ENTRY}}),
    ("GET", "strategies?portfolio_id={id}", {}),
    ("GET", "positions/export?portfolio_id={id}", {}),
    ("GET", "risk/greeks?portfolio_id={id}", {}),
    ("GET", "portfolio/performance?portfolio_id={id}", {}),
    ("GET", "risk/factors?portfolio_id={id}", {}),
    ("GET", "risk/factors/positions?portfolio_id={id}", {}),
    ("GET", "risk/metrics?portfolio_id={id}", {}),
    ("GET", "risk/market-scenarios?portfolio_id={id}", {}),
    ("GET", "risk/correlations/positions/metrics?portfolio_id={id}", {}),
    ("GET", "risk/correlations/positions/matrix?portfolio_id={id}", {}),
    ("POST", "risk/correlations/positions/calculate", {"json": {"portfolio_id": "{id}"}}),
    ("GET", "risk/stress-testing/results/{id}", {}),
    ("POST", "risk/stress-testing/direct-impact", {"json": {"portfolio_id": "{id}"}}),
    ("POST", "risk/stress-testing/correlated-impact", {"json": {"portfolio_id": "{id}"}}),
    ("POST", "risk/stress-testing/comprehensive", {"json": {"portfolio_id": "{id}"}}),
    ("GET", "factors/exposures/{id}", {}),
    ("GET", "factors/exposures/{id}/positions", {}),
    ("GET", "factors/attribution/{id}", {}),
    ("GET", "portfolios/{id}", {}),
    ("PATCH", "portfolios/{id}", {"json": {"name": "Mine now"}}),
    ("GET", "portfolios/{id}/snapshots", {}),
    ("POST", "portfolios/{id}/snapshots", {}),
    ("POST", "factors/calculate", {"json": {"portfolio_id": "{id}"}}),
    ("GET", "portfolios/{id}/report", {}),
    ("GET", "portfolios/{id}/cash-flows", {}),
    ("POST", "portfolios/{id}/cash-flows", {"json": {"flow_date": "2022-12-01", "amount": 5}}),
    ("DELETE", "portfolios/{id}", {}),
]
OK = (200, 201, 202, 204)
TESTED_ELSEWHERE = {("POST", "portfolio/upload"), ("DELETE", "portfolios/{id}/cash-flows/{cash_flow_id}")}


def about(portfolio_id: object, path: str, more: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The path and the body with the portfolio's id in its place."""
    body = {key: str(value).format(id=portfolio_id) for key, value in more.get("json", {}).items()}
    return path.format(id=portfolio_id), {"json": body} if body else {}


def test_the_matrix_names_every_route_with_a_portfolio(app: FastAPI) -> None:
    document = app.openapi()
    named = {
        (method.upper(), path.removeprefix("/api/v1/").replace("{portfolio_id}", "{id}"))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "portfolio_id" in path or names_a_portfolio(document, operation)
    }

    assert named - TESTED_ELSEWHERE == {
        (method, path.split("?")[0]) for method, path, _ in ROUTES
    }


def names_a_portfolio(document: dict[str, Any], operation: dict[str, Any]) -> bool:
    """Whether the query or the body of an operation may hold a portfolio's id."""
    if any(parameter["name"] == "portfolio_id" for parameter in operation.get("parameters", [])):
        return True
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"].get("$ref", "").rsplit("/", 1)[-1]
        fields = document["components"]["schemas"].get(schema, {}).get("properties", {})
        if "portfolio_id" in fields:
            return True
    return False


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(("method", "path", "more"), ROUTES)
async def test_anothers_portfolio_is_not_found(
    ann: Person, bob: Person, method: str, path: str, more: dict[str, Any]
) -> None:
    portfolio_id = await ann.uploaded()

    unknown = uuid4()

    asked, body = about(portfolio_id, path, more)
    elsewhere, other_body = about(unknown, path, more)
    theirs = await bob.request(method, asked, **body)
    nobodys = await bob.request(method, elsewhere, **other_body)
    own = await ann.request(method, asked, **body)

    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.text.replace(portfolio_id, "?") == nobodys.text.replace(str(unknown), "?")
    assert own.status_code in OK or own.json()["code"] == "not_calculated"


@pytest.mark.usefixtures("market")
async def test_anothers_portfolio_takes_no_upload(ann: Person, bob: Person) -> None:
    portfolio_id = await ann.uploaded()

    answer = await bob.upload(portfolio_id=portfolio_id)

    assert (answer.status_code, answer.json()["code"]) == (404, "portfolio_not_found")


@pytest.mark.usefixtures("market")
async def test_lists_and_names_are_ones_own(ann: Person, bob: Person) -> None:
    await ann.uploaded(portfolio_name="Growth")
    await bob.uploaded(portfolio_name="Growth")

    assert (await ann.get("portfolios")).json()["total"] == 1
    assert (await bob.get("portfolios")).json()["total"] == 1


@pytest.mark.parametrize(("method", "path", "more"), ROUTES)
async def test_nobody_in_particular_is_told_nothing(
    ann: Person, method: str, path: str, more: dict[str, Any]
) -> None:
    asked, body = about(uuid4(), path, more)

    answer = await ann.http.request(method, f"/api/v1/{asked}", **body)

    assert answer.status_code == 401

"""Tables for OpenBB Workspace: flat rows of what the tools answer, for one origin."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx2
from fastapi import FastAPI

from services.gateway.agents.workspace.serving import workspace_routes
from services.gateway.agents.workspace.tables import CHOICES, TABLES
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.scopes import Scope
from services.gateway.settings import GatewaySettings
from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import BEFORE, a_stored_book
from tests.integration.gateway.test_personal_tokens import entries, made

WORKSPACE = "https://pro.openbb.co"
A_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
IS_OF_KIND: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "dateString": lambda value: A_DAY.fullmatch(value) is not None,
}


async def test_workspace_reads_flat_tables_of_what_the_tools_answer(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person, admin: Database, market: None
) -> None:
    book = await a_stored_book(ann, admin)
    created = await made(ann, [Scope.PORTFOLIO_READ, Scope.RISK_READ])
    headers = {"Authorization": f"Bearer {created['token']}", "Origin": WORKSPACE}
    widgets = (await http.get("/widgets.json")).json()
    (app,) = (await http.get("/apps.json")).json()

    async def table(endpoint: str, portfolio_id: str = "") -> list[dict[str, Any]]:
        query = {"portfolio_id": portfolio_id}
        answer = await http.get(f"/{endpoint}", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["access-control-allow-origin"] == WORKSPACE
        rows: list[dict[str, Any]] = answer.json()
        return rows

    tables = {name: await table(each["endpoint"]) for name, each in widgets.items()}
    (choice,) = await table(widgets["positions"]["params"][0]["optionsEndpoint"])
    chosen = await table(widgets["positions"]["endpoint"], choice["value"])
    foreign = await http.get(
        f"/{widgets['positions']['endpoint']}",
        params={"portfolio_id": str(uuid4())},
        headers=headers,
    )
    nameless = await http.get("/workspace/portfolios")

    assert choice == {"label": "book", "value": book.portfolio_id}
    assert chosen == tables["positions"]
    assert {each["i"] for each in app["tabs"]["risk"]["layout"]} == widgets.keys()
    for name, rows in tables.items():
        columns = widgets[name]["data"]["table"]["columnsDefs"]
        kinds = {each["field"]: each["cellDataType"] for each in columns}
        assert rows or name == "limits"
        for row in rows:
            # Workspace also shows what is not described
            assert list(row) == list(kinds), name
            for field, value in row.items():
                assert value is None or IS_OF_KIND[kinds[field]](value), (name, field, value)
    api = (await ann.get("portfolios")).json()["items"][0]
    (portfolio,) = tables["portfolios"]
    assert portfolio["worst_scenario_pnl"] == api["worst_scenario"]["total_pnl"]
    figures = {each["id"]: each["shown"] for each in tables["figures"]}
    assert (figures["nav"], figures["daily_return"]) == ("50,000.00 USD", "-0.2463 %")
    assert portfolio["daily_return"] == -0.002463
    assert tables["history"][-1]["nav"] == api["nav"]
    assert (foreign.status_code, foreign.json()["code"]) == (404, "portfolio_not_found")
    assert (nameless.status_code, nameless.json()["code"]) == (401, "missing_token")
    assert {each.details["tool"] for each in await entries(gateway, "tool.called")} >= {
        "list_positions",
        "get_history",
    }


async def test_a_date_chooses_the_session_and_an_empty_one_is_none(
    http: httpx2.AsyncClient, ann: Person, admin: Database, market: None
) -> None:
    await a_stored_book(ann, admin)
    created = await made(ann, [Scope.PORTFOLIO_READ, Scope.RISK_READ])
    headers = {"Authorization": f"Bearer {created['token']}", "Origin": WORKSPACE}

    async def days(table: str, field: str, query: str) -> set[str]:
        answer = await http.get(f"/workspace/{table}?{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return {row[field] for row in answer.json()}

    refused = await http.get("/workspace/positions?as_of=yesterday", headers=headers)

    assert await days("figures", "as_of", f"as_of={BEFORE}") == {str(BEFORE)}
    assert await days("figures", "as_of", "as_of=&portfolio_id=") == {str(AS_OF)}
    assert await days("history", "session_date", "") == {str(BEFORE), str(AS_OF)}
    assert await days("history", "session_date", f"start={AS_OF}") == {str(AS_OF)}
    assert await days("history", "session_date", f"end={BEFORE}") == {str(BEFORE)}
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "as_of")
    assert refused.headers["access-control-allow-origin"] == WORKSPACE


async def test_a_user_without_portfolios_has_tables_without_rows(
    http: httpx2.AsyncClient, ann: Person, market: None
) -> None:
    created = await made(ann, [Scope.PORTFOLIO_READ, Scope.RISK_READ])
    headers = {"Authorization": f"Bearer {created['token']}"}

    for name in (*TABLES, CHOICES):
        answer = await http.get(f"/workspace/{name}", headers=headers)

        assert (answer.status_code, answer.json()) == (200, []), name


async def test_only_workspaces_pages_may_read_its_tables_and_only_them(
    app: FastAPI, http: httpx2.AsyncClient, ann: Person
) -> None:
    async def asked_before(path: str, origin: str) -> str | None:
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "Authorization",
        }
        answer = await http.options(path, headers=headers)
        allowed: str | None = answer.headers.get("access-control-allow-origin")
        return allowed

    assert await asked_before("/workspace/figures", WORKSPACE) == WORKSPACE
    assert await asked_before("/widgets.json", WORKSPACE) == WORKSPACE
    assert await asked_before("/widgets.json", "https://evil.example.com") is None
    assert await asked_before("/api/v1/portfolios", WORKSPACE) is None
    assert await asked_before("/mcp", WORKSPACE) is None
    unnamed = Gateway(**{**vars(app.state.gateway), "settings": GatewaySettings()})
    assert workspace_routes(unnamed) == []

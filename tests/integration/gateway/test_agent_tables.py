"""Tables for OpenBB Workspace: flat rows of what the tools answer, for one origin."""

from typing import Any
from uuid import uuid4

import httpx2
from fastapi import FastAPI

from services.gateway.agents.workspace import workspace_routes
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.scopes import Scope
from services.gateway.settings import GatewaySettings
from shared.database import Database
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.test_personal_tokens import entries, made

WORKSPACE = "https://pro.openbb.co"


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
        columns = {each["field"] for each in widgets[name]["data"]["table"]["columnsDefs"]}
        assert rows or name == "limits"
        for row in rows:
            assert columns <= row.keys(), name
            assert not [each for each in row.values() if isinstance(each, list | dict)], name
    api = (await ann.get("portfolios")).json()["items"][0]
    (portfolio,) = tables["portfolios"]
    assert portfolio["worst_scenario_pnl"] == api["worst_scenario"]["total_pnl"]
    assert tables["history"][-1]["nav"] == api["nav"]
    assert (foreign.status_code, foreign.json()["code"]) == (404, "portfolio_not_found")
    assert (nameless.status_code, nameless.json()["code"]) == (401, "missing_token")
    assert {each.details["tool"] for each in await entries(gateway, "tool.called")} >= {
        "list_positions",
        "get_history",
    }


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

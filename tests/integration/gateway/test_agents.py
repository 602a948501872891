"""Agents over the Model Context Protocol: what they are answered, refused, and recorded of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from sqlalchemy import func, update

from deploy.terminal.agents import Bridge
from services.gateway.agents.tools import TOOLS
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.personal import PREFIX
from services.gateway.edge.scopes import Scope
from services.gateway.tables import PersonalToken
from shared.database import Database, sql_table
from sigmasight_client import SigmaSight
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.test_personal_tokens import entries, made

URL = "http://gateway/mcp"
OLDER = "2025-06-18"
SCENARIO = "scenario.crash"


@asynccontextmanager
async def connected(app: FastAPI, token: str, mode: str = "auto") -> AsyncIterator[Client]:
    """The SDK's own client over the application; `legacy` shakes hands as older ones do."""
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx2.ASGITransport(app)
    async with (
        httpx2.AsyncClient(transport=transport, headers=headers) as http,
        Client(streamable_http_client(URL, http_client=http), mode=mode) as client,
    ):
        yield client


async def posted(
    http: httpx2.AsyncClient, token: str | None, message: Mapping[str, object], **headers: str
) -> httpx2.Response:
    """A message of the older revision, as it goes over the wire."""
    given = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": OLDER}
    if token is not None:
        given["Authorization"] = f"Bearer {token}"
    body = {"jsonrpc": "2.0", "id": 1, **message}
    return await http.post("/mcp", json=body, headers={**given, **headers})


async def asked(
    http: httpx2.AsyncClient, token: str, tool: str, **arguments: object
) -> dict[str, Any]:
    """The result of a tool."""
    params = {"name": tool, "arguments": arguments}
    answer = await posted(http, token, {"method": "tools/call", "params": params})
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


def text_of(content: Sequence[object]) -> str:
    """The text of the first of the parts."""
    text: str = getattr(content[0], "text")  # noqa: B009 - one of several kinds has it
    return text


async def token_of(person: Person, *scopes: Scope) -> str:
    created = await made(person, scopes) if scopes else await made(person)
    return str(created["token"])


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bridge's client would take one of the environment's."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


# --- what is answered ---


async def test_clients_of_both_eras_get_what_the_api_answers(
    app: FastAPI, ann: Person, admin: Database, market: None
) -> None:
    book = await a_stored_book(ann, admin)
    token = await token_of(ann)
    found = []
    for mode in ("auto", "legacy"):
        async with connected(app, token, mode) as client:
            listed = await client.list_tools()
            portfolios = await client.call_tool("list_portfolios", {})
            risk = await client.call_tool("get_portfolio_risk", {})
            found.append((client.protocol_version, listed, portfolios, risk))

    api = (await ann.get("portfolios")).json()
    series = (await ann.get(f"portfolios/{book.portfolio_id}/series")).json()
    assert [version for version, *_ in found] == ["2026-07-28", "2025-11-25"]
    for _, listed, portfolios, risk in found:
        assert [each.name for each in listed.tools] == [each.name for each in TOOLS]
        assert portfolios.structured_content["portfolios"] == api["items"]
        figures = {each["id"]: each["value"] for each in risk.structured_content["figures"]}
        assert figures == {each["measure"]: each["values"][-1] for each in series["series"]}
        assert json.loads(text_of(risk.content)) == risk.structured_content
    assert (
        "Net asset value of 'book' on 2022-12-28: 50,000.00 USD."
        in risk.structured_content["quote"]
    )


async def test_the_revision_of_june_2025_is_answered(
    http: httpx2.AsyncClient, ann: Person, admin: Database, market: None
) -> None:
    book = await a_stored_book(ann, admin)
    token = await token_of(ann)
    about = {"portfolio_id": book.portfolio_id}
    hello = {
        "protocolVersion": OLDER,
        "capabilities": {},
        "clientInfo": {"name": "a script", "version": "1"},
    }

    begun = await posted(http, token, {"method": "initialize", "params": hello})
    noted = await http.post(
        "/mcp",
        json={"jsonrpc": "2.0", "method": "notifications/initialized"},
        headers={
            "Authorization": f"Bearer {token}",
            "Accept": "application/json, text/event-stream",
        },
    )
    changed = await asked(http, token, "what_changed", **about, measures=["nav"])
    history = await asked(http, token, "get_history", **about, measures=["nav"])
    held = await asked(http, token, "list_positions", **about, limit=2)
    explained = await asked(http, token, "explain_number", **about, measure="var_95_1d_historical")
    gross = await asked(http, token, "explain_number", **about, measure="exposure.dollar.gross")
    shocked = await asked(http, token, "explain_number", **about, measure=SCENARIO)
    covered = await asked(http, token, "check_coverage", **about)
    limits = await asked(http, token, "check_limits", **about)
    meant = await asked(http, token, "get_definition", measure="beta")

    assert begun.json()["result"]["protocolVersion"] == OLDER
    assert begun.headers["content-type"] == "application/json"
    assert "mcp-session-id" not in begun.headers
    assert "x-ratelimit-remaining" in begun.headers  # it counts as a request of the user's
    assert noted.status_code == 202
    path = f"portfolios/{book.portfolio_id}"
    report = (await ann.get(f"{path}/changes", measures="nav", positions=5)).json()
    assert changed["structuredContent"]["report"] == report
    report = (await ann.get(f"{path}/series", measures="nav", **{"from": "2022-11-16"})).json()
    assert history["structuredContent"]["report"] == report
    positions = (await ann.get("positions", sort="-weight", status="open")).json()["items"]
    for shown, position in zip(held["structuredContent"]["positions"], positions, strict=False):
        assert shown == {name: position[name] for name in shown}
    metrics = (await ann.get("risk/metrics")).json()
    parts = {each["position_id"]: each for each in metrics["component_var"][0]["positions"]}
    for part in explained["structuredContent"]["contributions"]:
        assert part["value"] == parts[part["position_id"]]["plain_component_var"]
    assert explained["structuredContent"]["contributions"]
    for figure in (gross, shocked):
        parts = figure["structuredContent"]["contributions"]
        total = sum(part["value"] for part in parts)
        assert total == pytest.approx(figure["structuredContent"]["figure"]["value"])
    assert shocked["structuredContent"]["figure"]["value"] < 0
    quality = (await ann.get(f"market-data/quality/{book.portfolio_id}")).json()
    assert covered["structuredContent"]["missing"] == quality["missing"]
    assert limits["structuredContent"]["limits"] == []
    assert meant["structuredContent"]["definition"] == (await ann.get("definitions/beta")).json()


async def test_the_bridge_over_stdio_answers_as_http_does(
    ann: Person, address: str, admin: Database, market: None
) -> None:
    await a_stored_book(ann, admin)
    token = await token_of(ann)
    modern: dict[str, object] = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    modern["io.modelcontextprotocol/clientCapabilities"] = {}
    hello = {
        "protocolVersion": OLDER,
        "capabilities": {},
        "clientInfo": {"name": "a", "version": "1"},
    }
    lines: list[dict[str, object]] = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "list_portfolios"}},
        {"id": 3, "method": "tools/list", "params": {"_meta": modern}},
        {"id": 4, "method": "resources/read", "params": {"uri": "sigmasight://ä", "_meta": modern}},
    ]
    spoken = [json.dumps({"jsonrpc": "2.0", **line}) for line in lines] + ["no message", "[]"]

    def answers(token: str) -> list[dict[str, Any]]:
        with SigmaSight(f"http://{address}", token=token) as api:
            return [json.loads(each) for each in Bridge(api).answers(spoken)]

    first, portfolios, tools, missing, *broken = await asyncio.to_thread(answers, token)
    refused = await asyncio.to_thread(answers, f"{PREFIX}guess")

    assert first["result"]["protocolVersion"] == OLDER
    api = (await ann.get("portfolios")).json()["items"]
    assert portfolios["result"]["structuredContent"]["portfolios"] == api
    assert [each["name"] for each in tools["result"]["tools"]] == [each.name for each in TOOLS]
    assert "there is no resource sigmasight://ä" in missing["error"]["message"]
    assert [each["error"]["code"] for each in broken] == [-32700, -32700]
    assert refused[0]["error"]["message"].startswith("invalid_token: ")


async def test_resources_hold_the_methodology_and_every_definition(
    app: FastAPI, http: httpx2.AsyncClient, ann: Person
) -> None:
    async with connected(app, await token_of(ann, Scope.RISK_READ)) as client:
        listed = [each.uri for each in (await client.list_resources()).resources]
        texts = {uri: text_of((await client.read_resource(uri)).contents) for uri in listed}
        one = await client.read_resource("sigmasight://definitions/beta")
        with pytest.raises(MCPError, match="there is no resource"):
            await client.read_resource("sigmasight://definitions/luck")

    api = (await ann.get("definitions")).json()["items"]
    assert json.loads(texts["sigmasight://definitions"]) == api
    assert texts["sigmasight://methodology"].startswith("# ")
    assert json.loads(text_of(one.contents)) == (await ann.get("definitions/beta")).json()
    page = await http.get("/llms.txt")
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert all(each.name in page.text for each in TOOLS)


# --- what is refused ---


async def test_a_refusal_names_the_metadata_and_is_recorded(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person, admin: Database
) -> None:
    revoked, expired = await made(ann), await made(ann)
    await ann.request("DELETE", f"me/tokens/{revoked['token_id']}")
    tokens = sql_table(PersonalToken)
    async with admin.transaction() as session:
        mine = tokens.c.token_id == expired["token_id"]
        await session.execute(update(tokens).where(mine).values(expires_at=func.now()))

    listing = {"method": "tools/list"}
    sent = {
        "missing_token": None,
        "invalid_token": f"{PREFIX}guess",
        "token_revoked": revoked["token"],
        "token_expired": expired["token"],
    }
    answers = {code: await posted(http, token, listing) for code, token in sent.items()}
    read = [await http.get(f"/.well-known/oauth-protected-resource{end}") for end in ("", "/mcp")]

    metadata = "http://gateway/.well-known/oauth-protected-resource/mcp"
    for code, answer in answers.items():
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert f'resource_metadata="{metadata}"' in answer.headers["www-authenticate"]
    assert read[0].json() == read[1].json()
    assert read[0].json()["resource"] == URL
    assert read[0].json()["scopes_supported"] == ["portfolio:read", "risk:read", "draft:write"]
    refused = {each.details["reason"]: each for each in await entries(gateway, "token.refused")}
    assert refused.keys() == {"token_revoked", "token_expired"}
    assert refused["token_revoked"].target == revoked["token_id"]
    assert {each.details["route"] for each in refused.values()} == {"POST /mcp"}


async def test_every_call_is_recorded_once_with_its_token_and_outcome(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person, bob: Person
) -> None:
    hers = (await ann.post("portfolios", {"name": "Growth"})).json()["portfolio_id"]
    his = await made(bob, [Scope.PORTFOLIO_READ])
    token = his["token"]

    listed = await asked(http, token, "list_portfolios")
    foreign = await asked(http, token, "list_positions", portfolio_id=hers)
    scopeless = await asked(http, token, "run_scenario", portfolio_id=hers, shocks={"market": -0.1})
    misspelt = await asked(http, token, "list_positions", portfolo_id=hers, limit=0)

    assert listed["structuredContent"]["portfolios"] == []
    errors = [each["structuredContent"] for each in (foreign, scopeless, misspelt)]
    assert [each["isError"] for each in (foreign, scopeless, misspelt)] == [True] * 3
    codes = ["portfolio_not_found", "scope_missing", "invalid_request"]
    assert [each["code"] for each in errors] == codes
    assert "risk:read" in errors[1]["detail"]
    fields = {each["field"]: each["message"] for each in errors[2]["errors"]}
    assert fields.keys() == {"portfolo_id", "limit"}
    assert "greater than or equal to 1" in fields["limit"]
    rows = await entries(gateway, "tool.called")
    called = {each.details["outcome"]: each for each in rows}
    assert len(rows) == len(called) == 3
    assert {code: (each.target, each.details["tool"]) for code, each in called.items()} == {
        "answered": (None, "list_portfolios"),
        "portfolio_not_found": (hers, "list_positions"),
        "invalid_request": (None, "list_positions"),
    }
    for each in called.values():
        assert each.details.keys() == {"tool", "outcome", "token_id"}
        assert each.details["token_id"] == his["token_id"]
    (refused,) = await entries(gateway, "token.refused")
    reason = {"reason": "scope_missing", "tool": "run_scenario", "token_id": his["token_id"]}
    assert refused.details == reason


async def test_each_tool_needs_the_scopes_of_its_routes(
    http: httpx2.AsyncClient, ann: Person
) -> None:
    both = (Scope.PORTFOLIO_READ, Scope.RISK_READ)
    kinds = [*((each,) for each in Scope), both, (Scope.PORTFOLIO_READ, Scope.DRAFT_WRITE)]
    tokens = {scopes: await token_of(ann, *scopes) for scopes in kinds}
    missing = {"portfolio_id": str(uuid4()), "draft_id": str(uuid4())}

    opened = {
        scopes: {
            each.name
            for each in TOOLS
            if not _is_without_scope(
                await asked(http, token, each.name, **_taken(missing, each.takes))
            )
        }
        for scopes, token in tokens.items()
    }

    reads = {"list_portfolios", "list_positions", "get_definition"}
    risks = {"explain_number", "what_changed", "get_history", "run_scenario", "price_options"}
    together = {"get_portfolio_risk", "check_coverage"}
    assert opened == {
        (Scope.PORTFOLIO_READ,): reads,
        (Scope.RISK_READ,): {*risks, "check_limits", "get_definition"},
        (Scope.DRAFT_WRITE,): {"get_definition"},
        (Scope.PORTFOLIO_WRITE,): {"get_definition"},
        both: {*reads, *risks, "check_limits", *together},
        (Scope.PORTFOLIO_READ, Scope.DRAFT_WRITE): {*reads, "create_draft"},
    }
    drafts = {"add_trades", "calculate_draft", "suggest_hedge"}
    assert {each.name for each in TOOLS} == {*opened[both], "create_draft", *drafts}


def _taken(arguments: dict[str, str], takes: Any) -> dict[str, str]:
    return {name: value for name, value in arguments.items() if name in takes.model_fields}


def _is_without_scope(result: dict[str, Any]) -> bool:
    return bool(result.get("isError") and result["structuredContent"]["code"] == "scope_missing")


@pytest.mark.parametrize(
    ("header", "value", "status", "code"),
    [
        ("Host", "evil.example.com", 421, "host_not_allowed"),
        ("Host", "gateway:8000", 200, None),
        ("Origin", "https://evil.example.com", 403, "origin_not_allowed"),
        ("Origin", "http://gateway:8000", 200, None),
        ("Origin", "null", 403, "origin_not_allowed"),
    ],
)
async def test_only_named_hosts_and_their_pages_may_ask(
    http: httpx2.AsyncClient, ann: Person, header: str, value: str, status: int, code: str | None
) -> None:
    token = await token_of(ann)

    answer = await posted(http, token, {"method": "tools/list"}, **{header: value})

    assert (answer.status_code, answer.json().get("code")) == (status, code)


async def test_the_address_shadows_nothing_and_is_in_no_document(
    app: FastAPI, http: httpx2.AsyncClient, ann: Person
) -> None:
    headers = {"Authorization": f"Bearer {await token_of(ann)}"}

    opened = [await http.request(each, "/mcp", headers=headers) for each in ("GET", "DELETE")]
    text = await http.post("/mcp", content=b"{}", headers={**headers, "Content-Type": "text/plain"})
    page, below = await http.get("/"), await http.get("/mcp/more")
    unknown = await posted(
        http, await token_of(ann), {"method": "tools/call", "params": {"name": "book"}}
    )

    assert [(each.status_code, each.headers["allow"]) for each in opened] == [(405, "POST")] * 2
    assert (text.status_code, text.json()["code"]) == (415, "unsupported_media_type")
    assert page.headers["content-type"].startswith("text/html")
    assert below.status_code == 404
    assert not [
        path
        for path in app.openapi()["paths"]
        if not path.startswith(("/api", "/health", "/metrics"))
    ]
    assert "there is no tool 'book'" in unknown.json()["error"]["message"]

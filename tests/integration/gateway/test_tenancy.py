"""No user sees another's portfolio: 404, as if it were not there; and no byte of it anywhere."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import connect

from services.gateway.analytics.schemas.market_data import Feasibility
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.problems import ProblemDocument
from services.gateway.runs.endpoints import SHAPES
from services.ingest.tables import DataProvider, OptionQuote, Security
from shared.contracts.event import Event, Notice, PortfolioFailure
from shared.contracts.factors import FactorsComputed, FactorsFailed
from shared.contracts.greeks import GreeksComputed
from shared.contracts.ingest import PricesUpdated
from shared.database import Database
from tests.builders import AS_OF, a_security, save
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.test_matrix import (
    ADMINISTRATORS,
    OWNER,
    PUBLIC,
    USERS,
    asked,
    chosen,
    nothing,
    operations,
    token_of,
)
from tests.integration.gateway.test_runs import STAGES, a_stage, deliver
from tests.integration.limits.working import a_channel, of_one_run, raised
from tests.pipeline import answering_services
from tests.servers import Servers

CANARY = "ZQXC"
CONTRACT = "ZQXC230616C00140000"
SPOKEN = "canary exception: insert into positions"
TAG = "canarytag"
NAME = "Canary book"
REST = [kind for kind, _ in STAGES[1:]]


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


# --- no byte of another's ---


def shared_run(hers: UUID, his: UUID) -> list[Event]:
    """A run of both users' portfolios in which hers has every kind of trouble, and his none."""
    both: dict[str, Any] = {
        "portfolio_ids": (hers, his),
        "shards": 1,
        "occurred_at": datetime.now(UTC),
    }
    alone = both | {"portfolio_ids": (his,)}
    warnings = (
        Notice.naming("price_quarantined", f"{SPOKEN} {CANARY}", [f"{CANARY} {AS_OF}"]),
        Notice.naming("unknown_symbol", SPOKEN, [CANARY, CONTRACT]),
        Notice.naming("provider_unavailable", f"GET /{CANARY}: {SPOKEN}", [CANARY]),
    )
    failure = PortfolioFailure(
        portfolio_id=hers, reason="too large", error="DataError", detail=f"{SPOKEN} {CANARY}"
    )
    run_id = uuid4()
    failing: dict[str, Any] = alone | {"failed_portfolios": (failure,)}
    return [
        a_stage(PricesUpdated, run_id, **both, warnings=warnings),
        a_stage(GreeksComputed, run_id, **failing),
        a_stage(FactorsComputed, run_id, **alone),
    ]


def failed_run(hers: UUID, his: UUID) -> list[Event]:
    """A run that fails for the whole shard, with an error that quotes what is hers."""
    run_id = uuid4()
    facts = {"portfolio_ids": (hers, his), "shard": 0, "shards": 1}
    failed = FactorsFailed.new(
        run_id,
        AS_OF,
        heard=GreeksComputed.subject,
        attempts=4,
        error="DataError",
        message=f"{SPOKEN} values ('{hers}', '{CANARY}')",
        **facts,
    )
    return [a_stage(PricesUpdated, run_id, shards=1, portfolio_ids=(hers, his)), failed]


@pytest.fixture
async def canaries(
    gateway: Gateway, admin: Database, ann: Person, bob: Person, market: None
) -> tuple[list[str], dict[str, str]]:
    """Everything that names what is Ann's, and Bob's things for the routes he asks."""
    held = [a_security(CANARY, sector="Canaries") | {"source": "live", "name": CANARY}]
    await save(admin, Security, held)
    asked_provider = {"kind": "prices", "rank": 0, "name": "live", "live": True}
    await save(admin, DataProvider, [asked_provider])
    quote = {"contract": CONTRACT, "session_date": AS_OF, "bid": 1, "ask": 2, "revision": 1}
    await save(admin, OptionQuote, [quote | {"source": "live"}])
    rows = f"{CANARY},100,100,2022-06-01,{TAG}\n{CONTRACT},2,8,2022-06-01,{TAG}\n"
    uploaded = await ann.upload((HEADER + rows).encode(), portfolio_name=NAME)
    assert uploaded.json()["rejected"] == 0, uploaded.text
    hers = uploaded.json()["portfolio"]["portfolio_id"]
    positions = (await ann.get("positions", portfolio_id=hers)).json()["items"]
    tags = (await ann.get("tags")).json()["items"]
    me = (await ann.get("auth/me")).json()
    alert = of_one_run(UUID(me["user_id"]), 1, portfolio_id=UUID(hers), member=CANARY)
    await raised(admin, alert)
    hook = await a_channel(admin, UUID(me["user_id"]), f"https://{CANARY}.example.com/")
    book = await a_stored_book(bob, admin)
    for events in (shared_run, failed_run, shared_run):
        await deliver(gateway, events(UUID(hers), UUID(book.portfolio_id)))
    names = [
        *(CANARY, SPOKEN, TAG, NAME, hers, ann.email, me["user_id"]),
        *(str(hook), str(alert[0].alert_id)),
        *(position["position_id"] for position in positions),
        *(tag["tag_id"] for tag in tags),
    ]
    his = {"portfolio_id": book.portfolio_id, "position_id": str(book.positions["AAPL"])}
    return names, nothing() | his | {"hers": hers, "symbol": "AAPL"}


def text_of(answer: httpx2.Response, *sent: str) -> str:
    """Every byte of an answer, but for what the caller has sent himself."""
    text = f"{answer.headers} {answer.text}"
    for each in sent:
        text = text.replace(each, "")
    return text.lower()


async def every_answer(
    app: FastAPI, http: httpx2.AsyncClient, bob: Person, things: Mapping[str, str]
) -> AsyncIterator[tuple[str, str]]:
    """(request, every byte answered) of each route, asked about his things, hers, and nothing."""
    foreign = {**things, "portfolio_id": things["hers"]}
    for operation in chosen(app, PUBLIC, USERS, OWNER, ADMINISTRATORS):
        for whose in (things, foreign, nothing()):
            request = operation.request({**things, **whose})
            answer = await asked(http, request, token_of(bob))
            sent = things["hers"] if whose is foreign else ""
            yield f"{operation.name} {answer.status_code}", text_of(answer, *filter(None, [sent]))
    for path in ("events", "positions/export", "portfolio/upload"):
        for wrong in ({"follow": "false", "after": "0"}, {"portfolio_id": "x"}, {"limit": "-1"}):
            yield f"GET {path} {wrong}", text_of(await bob.get(path, **wrong))


async def test_no_byte_of_anothers_reaches_a_user(
    app: FastAPI,
    http: httpx2.AsyncClient,
    servers: Servers,
    admin: Database,
    bob: Person,
    canaries: tuple[list[str], dict[str, str]],
) -> None:
    names, things = canaries
    answered: dict[str, str] = {}

    async with answering_services(servers, admin):
        async for request, text in every_answer(app, http, bob, things):
            answered[f"{len(answered)} {request}"] = text

    leaks = {
        (request, name)
        for request, text in answered.items()
        for name in names
        if name.lower() in text
    }
    assert leaks == set()
    assert sum(" 20" in request for request in answered) > 60


async def test_no_event_of_anothers_reaches_a_user(
    address: str, bob: Person, canaries: tuple[list[str], dict[str, str]]
) -> None:
    names, things = canaries
    headers = {"Authorization": f"Bearer {token_of(bob)}"}
    stream = (await bob.get("events", after=0, follow=False)).text

    url = f"ws://{address}/api/v1/events/ws?after=0&follow=false"
    async with connect(url, additional_headers=headers) as socket:
        messages = [str(message) async for message in socket]

    assert stream.count("event: ") == len(messages) >= 8
    for text in (stream, "".join(messages)):
        assert [name for name in names if name.lower() in text.lower()] == []
    said = [json.loads(message)["data"] for message in messages]
    assert {each for data in said for each in data["portfolio_ids"]} == {things["portfolio_id"]}


async def test_what_is_wrong_with_one_users_symbols_marks_that_users_run_alone(
    gateway: Gateway, ann: Person, bob: Person, canaries: tuple[list[str], dict[str, str]]
) -> None:
    _, things = canaries
    hers, his = things["hers"], things["portfolio_id"]
    run_id = uuid4()
    facts: dict[str, Any] = {"shards": 1, "portfolio_ids": (UUID(hers), UUID(his))}
    unknown = Notice.naming("unknown_symbol", SPOKEN, [CANARY])
    facts["occurred_at"] = datetime.now(UTC)
    prices = a_stage(PricesUpdated, run_id, **facts, warnings=(unknown,))
    rest = [a_stage(kind, run_id, **facts) for kind in REST]

    await deliver(gateway, [prices, *rest])
    ann_run, bob_run = [
        (await person.get(f"portfolios/{portfolio_id}/report")).json()["last_run"]
        for person, portfolio_id in ((ann, hers), (bob, his))
    ]

    assert (bob_run["status"], bob_run["problems"]) == ("completed", [])
    assert (ann_run["run_id"], ann_run["status"]) == (str(run_id), "partial")
    assert [(p["code"], CANARY in p["message"]) for p in ann_run["problems"]] == [
        ("unknown_symbol", True)
    ]


@pytest.mark.usefixtures("market")
async def test_a_failed_run_is_not_said_to_go_on(gateway: Gateway, ann: Person) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "Empty"})).json()["portfolio_id"]
    before = (await ann.get("portfolio", portfolio_id=portfolio_id)).json()["reason"]

    await deliver(gateway, failed_run(UUID(portfolio_id), uuid4()))
    answers = [
        (await ann.get(path, portfolio_id=portfolio_id)).json()["reason"]
        for path in (
            *("portfolio", "positions", "risk/greeks", "portfolio/performance", "risk/metrics"),
            *("risk/factors", "risk/factors/positions", "risk/market-scenarios"),
        )
    ]
    shocks = {"portfolio_id": portfolio_id, "shocks": {"market": -0.1}}
    what_if = (await ann.post("risk/stress-testing/direct-impact", shocks)).json()["detail"]
    stress = (await ann.get(f"risk/stress-testing/results/{portfolio_id}")).json()["reason"]
    report = (await ann.get(f"portfolios/{portfolio_id}/report")).json()
    sections = [report[name]["reason"] for name in ("greeks", "factors", "stress", "metrics")]

    assert "no run of it has begun" in before
    for reason in (*answers, stress, what_if, report["reason"], *sections):
        assert f"its run of {AS_OF} failed (factors): this could not be calculated" in reason
        assert "not ended" not in reason


# --- what each text says ---

# What a text that a user reads may be. A field that is in no line fails the test below: say there
# what it is, and make sure of it.
TEXTS = {
    "typed by the caller, or a name of what the caller has": """
        owner owner_name member
        accounts address colour email external_id full_name group hint ignored key label name note
        portfolio_name screen strategy tags target_name ticket token access_token refresh_token
        token_type description scenario_id scenario_ids file field role next user_agent hash member
        secret uri recovery_codes names file_name why channel issuer url
        header samples fingerprint layout id cells
    """,
    "an instrument or a market fact, of those the caller asked for or holds": """
        about contract factor factors industry maturity proxy sector source sources symbol
        symbol_a symbol_b symbols underlying provider strike price_run settled close mover
        left_out underlyings
    """,
    "a word or sentence of a closed list": """
        basis calculation category close_basis code dividend_source durables_missing engine exercise
        instrument investment_class investment_subtype iv_source kind market_price_source
        measured_source method metric model money_weighted_reason option_type option_valuation
        period position_type per price_source quality rate_source severity stage state status
        trigger type title unit underlying_price_source error formula meaning measure section sign
        measure_unit measure_title template level change direction part sha256
    """,
    "a sentence made for its reader": """
        detail message paused_because problem reason risk_reason sentence standing_reason
    """,
}
# Of schemas that users read: what other routes of theirs leave to operators.
CAUSES = {"payload", "heard", "details", "trace_id", "network_address"}


def is_text(schema: Mapping[str, Any]) -> bool:
    """Whether a value of the schema may be any text."""
    kind = schema.get("type")
    if kind == "string":
        return not {"format", "enum", "const"} & set(schema)
    if kind == "array":
        return is_text(schema.get("items", {}))
    return any(is_text(each) for each in schema.get("anyOf", ()))


def text_fields(found: Any, schemas: Mapping[str, Any], seen: set[str]) -> Iterator[str]:
    """The names of text fields in everything that a part of the document refers to."""
    for name in re.findall(r"#/(?:components/schemas|\$defs)/(\w+)", json.dumps(found)):
        if name not in seen:
            seen.add(name)
            schema = schemas.get(name) or ProblemDocument.model_json_schema()
            yield from (f for f, p in schema.get("properties", {}).items() if is_text(p))
            yield from text_fields(schema, schemas, seen)


def test_every_text_that_users_read_is_classified(app: FastAPI) -> None:
    document = app.openapi()
    answers = {
        operation.name: document["paths"][operation.path][operation.method.lower()]["responses"]
        for operation in operations(app)
        if not operation.path.startswith("/api/v1/admin/")
    }
    found = set(text_fields(answers, document["components"]["schemas"], set()))
    for model in SHAPES.values():
        schema = model.model_json_schema()
        found |= {name for name, each in schema["properties"].items() if is_text(each)}
        found |= set(text_fields(schema, schema.get("$defs", {}), set()))

    classified = {name for names in TEXTS.values() for name in names.split()}
    classified |= set(Feasibility.model_fields)  # symbols of the caller's, and words

    assert found - classified == set()
    assert found & CAUSES == set()

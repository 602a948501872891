"""Every route in every role: no user reaches another's data.

The routes are the application's own, from its OpenAPI document, and so are the bodies: each
schema's example. A route that is in none of the lists below fails the first test: say there who
may ask it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from services.gateway.edge.dependencies import Gateway
from services.gateway.tables import LinkedAccount, User
from services.limits.tables import Limit
from services.snapshots.tables import PortfolioSnapshot
from shared.database import Database, sql_table
from tests.builders import AS_OF, a_price, a_snapshot, save, save_prices
from tests.integration.gateway.people import GOOD_FILE, Person, an_administrator, logged_in
from tests.integration.limits.working import a_channel

PUBLIC = """
POST auth/register
POST auth/login
POST auth/refresh
POST auth/logout
POST auth/session
POST auth/session/by-link
GET auth/oidc
POST auth/oidc/login
GET portfolio/upload/templates/{columns}
GET /health/live
GET /health/ready
GET /metrics
"""

# Any user who is logged in; the answer is about the caller, or about no user.
USERS = """
GET auth/me
GET me/tokens
POST me/tokens
GET me/second-factor
POST me/second-factor
POST me/second-factor/confirm
POST me/second-factor/recovery-codes
DELETE me/second-factor
GET me/preferences
PUT me/preferences
PUT auth/password
POST auth/session/link
DELETE auth/session
POST auth/oidc/link
GET auth/oidc/links
POST auth/oidc/logout
GET portfolios
GET portfolios/summary
GET portfolios/scenarios
POST portfolios
GET tags
POST tags
GET risk/correlations/factors/matrix
POST risk/greeks/calculate
POST risk/correlations/factors/calculate
GET risk/smile/{symbol}
GET risk/stress-testing/scenarios
POST risk/stress-testing/scenarios
DELETE risk/stress-testing/scenarios/{scenario_id}
GET definitions
GET definitions/{measure}
GET factors/definitions
GET factors/regression/{symbol}
POST events/ticket
GET events
GET modelling/sessions
GET notifications/channels
POST notifications/channels
GET limits/templates
GET reports/templates
GET reports/schedules
GET market-data/prices/{symbol}
GET market-data/sectors
GET market-data/options/{symbol}
GET market-data/factor-etfs
POST import/recognise
GET import/profiles
POST import/profiles
GET export/history
GET symbols
GET calendar
"""

# The owner of what the path, the query or the body names; for other users it does not exist.
OWNER = """
DELETE me/tokens/{token_id}
DELETE auth/oidc/links/{link_id}
POST portfolio/upload
POST reconcile
POST reconcile/apply
GET import/profiles/{profile_id}
PUT import/profiles/{profile_id}
DELETE import/profiles/{profile_id}
GET positions/export
POST export/trades
GET portfolios/{portfolio_id}/transactions/export
GET portfolios/{portfolio_id}/series/export
GET portfolio
GET portfolio/exposures
GET portfolio/performance
GET portfolios/{portfolio_id}
PATCH portfolios/{portfolio_id}
DELETE portfolios/{portfolio_id}
GET portfolios/{portfolio_id}/shares
PUT portfolios/{portfolio_id}/shares
DELETE portfolios/{portfolio_id}/shares/{user_id}
GET portfolios/{portfolio_id}/snapshots
POST portfolios/{portfolio_id}/snapshots
GET portfolios/{portfolio_id}/report
GET portfolios/{portfolio_id}/series
GET portfolios/{portfolio_id}/pnl-vectors
GET portfolios/{portfolio_id}/var-backtest
GET portfolios/{portfolio_id}/var-backtest/{session_date}
GET portfolios/{portfolio_id}/changes
GET portfolios/{portfolio_id}/option-map
GET positions/{position_id}/history
GET portfolios/{portfolio_id}/cash-flows
POST portfolios/{portfolio_id}/cash-flows
DELETE portfolios/{portfolio_id}/cash-flows/{cash_flow_id}
GET portfolios/{portfolio_id}/transactions
POST portfolios/{portfolio_id}/transactions
POST portfolios/{portfolio_id}/transactions/{transaction_id}/reverse
GET portfolios/{portfolio_id}/lots
GET portfolios/{portfolio_id}/expiries
GET positions
POST positions
GET positions/grouped
GET positions/table
POST positions/sums
GET positions/{position_id}
PUT positions/{position_id}
DELETE positions/{position_id}
PUT positions/{position_id}/tags
GET tags/{tag_id}
PUT tags/{tag_id}
DELETE tags/{tag_id}
GET strategies
GET risk/greeks
GET risk/factors
GET risk/factors/positions
GET risk/metrics
GET risk/market-scenarios
GET risk/correlations/positions/metrics
GET risk/correlations/positions/matrix
GET risk/correlations/positions/pairs/{symbol_a}/{symbol_b}
POST risk/correlations/positions/calculate
POST risk/grid
POST risk/curve
POST risk/stress-testing/direct-impact
POST risk/stress-testing/correlated-impact
POST risk/stress-testing/comprehensive
GET risk/stress-testing/results/{portfolio_id}
GET factors/exposures/{portfolio_id}
GET factors/exposures/{portfolio_id}/positions
GET factors/risk/{portfolio_id}
GET factors/attribution/{portfolio_id}
GET factors/attribution/{portfolio_id}/periods
POST factors/calculate
GET me/runs
GET market-data/current
GET market-data/quality/{portfolio_id}
POST market-data/refresh
POST modelling/sessions
GET modelling/sessions/{draft_id}
GET modelling/sessions/{draft_id}/impacts
GET modelling/sessions/{draft_id}/export
PATCH modelling/sessions/{draft_id}
DELETE modelling/sessions/{draft_id}
POST modelling/sessions/{draft_id}/trades
POST modelling/sessions/{draft_id}/suggestions
POST modelling/sessions/{draft_id}/curve
PUT modelling/sessions/{draft_id}/trades/{trade_id}
DELETE modelling/sessions/{draft_id}/trades/{trade_id}
POST modelling/sessions/{draft_id}/calculate
POST modelling/sessions/{draft_id}/rebase
POST modelling/sessions/{draft_id}/save
POST modelling/sessions/{draft_id}/book
GET alerts
PATCH notifications/channels/{channel_id}
DELETE notifications/channels/{channel_id}
POST notifications/channels/{channel_id}/confirm
POST notifications/channels/{channel_id}/secret
POST notifications/channels/{channel_id}/code
POST notifications/channels/{channel_id}/test
GET notifications/channels/{channel_id}/deliveries
POST notifications/channels/{channel_id}/deliveries/{notification_id}/repeat
GET limits
POST limits
GET limits/{limit_id}
PUT limits/{limit_id}
DELETE limits/{limit_id}
POST limits/{limit_id}/acknowledge
POST limits/{limit_id}/waive
GET limits/{limit_id}/history
POST limits/test
POST limits/{limit_id}/test
GET reports
POST reports/generate
POST reports/schedules
PUT reports/schedules/{schedule_id}
DELETE reports/schedules/{schedule_id}
GET reports/{report_id}/status
GET reports/{report_id}/download
POST reports/{report_id}/cancel
DELETE reports/{report_id}
"""

ADMINISTRATORS = """
GET admin/users
POST admin/users
GET admin/users/{user_id}
PATCH admin/users/{user_id}
PUT admin/users/{user_id}/password
DELETE admin/users/{user_id}
DELETE admin/users/{user_id}/second-factor
GET admin/audit-log
POST admin/batch/correlations
POST admin/batch/market-close
POST admin/batch/market-data
POST admin/batch/snapshots
POST admin/batch/risk-metrics
GET admin/batch/runs
GET admin/batch/runs/{run_id}
GET admin/market-data/progress
PUT admin/market-data/prices
PUT admin/market-data/yields
PUT admin/market-data/option-quotes
GET admin/market-data/quarantine
GET admin/dead-letters
GET admin/dead-letters/{letter_id}
POST admin/dead-letters/{letter_id}/replay
POST admin/demo/reset
"""

# What is asked by POST and writes nothing.
NOTHING_WRITTEN = """
POST positions/sums
POST import/recognise
POST reconcile
POST risk/greeks/calculate
POST risk/correlations/factors/calculate
POST risk/stress-testing/direct-impact
POST risk/stress-testing/correlated-impact
POST risk/stress-testing/comprehensive
POST modelling/sessions/{draft_id}/book
POST modelling/sessions/{draft_id}/curve
POST limits/test
POST limits/{limit_id}/test
"""

IDS = (  # what users own
    *("portfolio_id", "position_id", "cash_flow_id", "transaction_id", "tag_id", "draft_id"),
    *("trade_id", "channel_id", "limit_id", "token_id", "profile_id", "report_id", "schedule_id"),
    "link_id",
)
PORTFOLIOS = "portfolio_ids"  # several in one body
OTHER_IDS = ("user_id", "run_id", "scenario_id", "notification_id")
ORDER = ("GET", "POST", "PUT", "PATCH", "DELETE")
LAST = (
    "DELETE modelling/sessions/{draft_id}",
    "DELETE portfolios/{portfolio_id}",
    "DELETE auth/session",
    "PUT auth/password",
)  # nothing is left to ask about, or with, afterwards


@dataclass(frozen=True)
class Operation:
    """One route as the document describes it."""

    method: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    content: Mapping[str, Any]
    example: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path.removeprefix('/api/v1/')}"

    def names(self) -> set[str]:
        """Which of users' things it names."""
        fields = {name for name, _ in self.parameters} | set(self.example)
        return fields & {*IDS, PORTFOLIOS}

    def request(self, things: Mapping[str, str]) -> dict[str, Any]:
        """How it is asked, about these things."""
        path = re.sub(r"{(\w+)}", lambda found: things[found[1]], self.path)
        query = {
            name: things[name]
            for name, where in self.parameters
            if where == "query" and name in IDS
        }
        if self.path.endswith("/events"):
            query["follow"] = "false"
        request: dict[str, Any] = {"method": self.method, "url": path, "params": query}
        if "application/json" in self.content:
            known: dict[str, Any] = {name: things[name] for name in IDS if name in self.example}
            if PORTFOLIOS in self.example:
                known[PORTFOLIOS] = [things["portfolio_id"]]
            request["json"] = {**self.example, **known}
        elif self.content:
            request["files"] = {"file": ("book.csv", GOOD_FILE, "text/csv")}
        return request


def operations(app: FastAPI) -> Iterator[Operation]:
    """Every route of the document."""
    document = app.openapi()
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            content = described.get("requestBody", {}).get("content", {})
            parameters = tuple(
                (each["name"], each["in"]) for each in described.get("parameters", ())
            )
            yield Operation(
                method.upper(), path, parameters, content, example_of(document, content)
            )


def example_of(document: Mapping[str, Any], content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The example of a JSON body; the fields that have none are in it as null."""
    found = re.search(r"#/components/schemas/(\w+)", str(content.get("application/json", "")))
    if not found:
        return {}
    schema = document["components"]["schemas"][found[1]]
    named = {name: None for name in schema.get("properties", ()) if name in IDS}
    example: Mapping[str, Any] = schema.get("examples", [{}])[0]
    return {**named, **example}


def listed(names: str) -> set[str]:
    return set(filter(None, names.split("\n")))


def chosen(app: FastAPI, *lists: str) -> list[Operation]:
    wanted = set().union(*(listed(names) for names in lists))
    found = [operation for operation in operations(app) if operation.name in wanted]
    return sorted(found, key=lambda operation: (_last(operation), ORDER.index(operation.method)))


def _last(operation: Operation) -> int:
    return LAST.index(operation.name) + 1 if operation.name in LAST else 0


async def asked(
    http: httpx2.AsyncClient, request: Mapping[str, Any], token: str | None
) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return await http.request(**request, headers=headers)


def token_of(person: Person) -> str:
    return str(person.tokens["access_token"])


def nothing() -> dict[str, str]:
    """Ids of nothing, and words that paths take."""
    unknown = {name: str(uuid4()) for name in (*IDS, *OTHER_IDS)}
    return unknown | {
        "columns": "five-columns",
        "letter_id": "999999",
        "symbol": "AAPL",
        "measure": "nav",
        "session_date": str(AS_OF),
        "symbol_a": "AAPL",
        "symbol_b": "SPY",
    }


SHARED_WITH = "analyst@example.com"  # as the example of the schema has it
A_PROFILE = {
    "name": "My bank",
    "header": ["Title", "Held", "Paid"],
    "mapping": {
        "use": "positions",
        "columns": {"Title": "symbol", "Held": "quantity", "Paid": "cost"},
    },
}


@pytest.fixture
async def anns_things(market: None, admin: Database, ann: Person) -> dict[str, str]:
    """One of everything that belongs to Ann; `user_id`: with whom she shares her portfolio."""
    portfolio_id = await ann.uploaded()
    friend = {"user_id": uuid4(), "email": SHARED_WITH, "password_hash": "-"}
    await save(admin, User, [friend])
    await ann.request(
        "PUT", f"portfolios/{portfolio_id}/shares", json={"email": SHARED_WITH, "role": "editor"}
    )
    position = (await ann.get("positions", portfolio_id=portfolio_id)).json()["items"][0]
    flow = await ann.post(
        f"portfolios/{portfolio_id}/cash-flows", {"flow_date": "2022-12-01", "amount": 5}
    )
    deposit = {"kind": "deposit", "trade_date": "2022-12-01", "amount": 5}
    entered = await ann.post(f"portfolios/{portfolio_id}/transactions", {"transactions": [deposit]})
    tag = (await ann.get("tags")).json()["items"][0]
    await save(admin, PortfolioSnapshot, [a_snapshot(UUID(portfolio_id), AS_OF)])
    await save_prices(admin, a_price("AAPL", AS_OF, 126.0), a_price("SPY", AS_OF, 380.0))
    draft = await ann.post("modelling/sessions", {"portfolio_id": portfolio_id})
    trade = {"action": "open", "symbol": "AAPL", "quantity": 1}
    path = f"modelling/sessions/{draft.json()['draft_id']}/trades"
    traded = await ann.post(path, {"trades": [trade]})
    token = await ann.post("me/tokens", {"name": "Script", "scopes": ["risk:read"]})
    user_id = UUID((await ann.get("auth/me")).json()["user_id"])
    limit_id = await a_stored_limit(admin, ann, portfolio_id)
    profile = await ann.post("import/profiles", A_PROFILE)
    about = {"portfolio_ids": [portfolio_id], "template": "investor", "format": "csv"}
    report = await ann.post("reports/generate", about)
    schedule = await ann.post("reports/schedules", about | {"name": "After the close"})
    own = {
        "profile_id": profile.json()["profile_id"],
        "portfolio_id": portfolio_id,
        "position_id": position["position_id"],
        "cash_flow_id": flow.json()["cash_flow_id"],
        "transaction_id": entered.json()["transactions"][0]["transaction_id"],
        "tag_id": tag["tag_id"],
        "draft_id": draft.json()["draft_id"],
        "trade_id": traded.json()["trades"][0]["trade_id"],
        "channel_id": str(await a_channel(admin, user_id, "https://hooks.example.com/")),
        "limit_id": str(limit_id),
        "token_id": token.json()["token_id"],
        "report_id": report.json()["report_id"],
        "schedule_id": schedule.json()["schedule_id"],
        "link_id": str(await a_linked_account(admin, user_id)),
        "user_id": str(friend["user_id"]),
    }
    return nothing() | own


async def a_linked_account(admin: Database, user_id: UUID) -> UUID:
    """An account of single sign-on that logs the user in."""
    link_id = uuid4()
    account = {"issuer": "https://login.example.org", "subject": str(link_id), "made_user": False}
    await save(admin, LinkedAccount, [{"link_id": link_id, "user_id": user_id, **account}])
    return link_id


async def a_stored_limit(admin: Database, person: Person, portfolio_id: str) -> UUID:
    """A limit in a portfolio, as the service limits stores it."""
    limit_id = uuid4()
    terms = {"since": str(AS_OF), "warning": None, "breach": 1e6, "hysteresis": 0, "sessions": 1}
    row = {
        "limit_id": limit_id,
        "user_id": UUID((await person.get("auth/me")).json()["user_id"]),
        "portfolio_id": UUID(portfolio_id),
        **{"name": "Value", "measure": "market_value", "measure_unit": "USD", "per": "portfolio"},
        **{"unit": "own", "direction": "above", "owner": "", "note": ""},
        "terms": json.dumps([terms]),
    }
    await save(admin, Limit, [row])
    return limit_id


def test_every_route_is_classified_once(app: FastAPI) -> None:
    lists = [listed(names) for names in (PUBLIC, USERS, OWNER, ADMINISTRATORS)]
    found = {operation.name for operation in operations(app)}

    assert sorted(name for names in lists for name in names) == sorted(found)


def test_what_names_somebodys_things_is_its_owners(app: FastAPI) -> None:
    naming = {operation.name for operation in operations(app) if operation.names()}

    assert naming == listed(OWNER)


def test_only_administrators_routes_are_below_admin(app: FastAPI) -> None:
    below = {
        operation.name
        for operation in operations(app)
        if operation.path.startswith("/api/v1/admin/")
    }

    assert below == listed(ADMINISTRATORS)


async def test_a_caller_without_a_valid_token_receives_nothing(
    app: FastAPI,
    http: httpx2.AsyncClient,
    gateway: Gateway,
    password_hash: str,
    anns_things: dict[str, str],
) -> None:
    tokens: dict[str, list[str | None]] = {"missing_token": [None], "invalid_token": []}
    for why in ("expired", "logged out", "disabled", "signed by another"):
        operator = await an_administrator(http, gateway, password_hash)
        tokens["invalid_token"].append(await outdated(gateway, operator, why))

    for operation in chosen(app, USERS, OWNER, ADMINISTRATORS):
        for code, every in tokens.items():
            for token in every:
                answer = await asked(http, operation.request(anns_things), token)

                assert (answer.status_code, answer.json()["code"]) == (401, code), operation.name
                assert answer.headers["www-authenticate"] == "Bearer", operation.name
                assert answer.headers["content-type"] == "application/problem+json", operation.name


async def outdated(gateway: Gateway, person: Person, why: str) -> str:
    """An access token of the person's that should not count."""
    bearer = gateway.tokens.bearer(token_of(person))
    now = datetime.now(UTC)
    if why == "expired":
        return gateway.tokens.access_token(
            bearer, now - timedelta(seconds=gateway.tokens.access_seconds + 1)
        )
    if why == "signed by another":
        forged = replace(gateway.tokens, key=Ed25519PrivateKey.generate())
        return forged.access_token(bearer, now)
    if why == "logged out":
        refresh_token = person.tokens["refresh_token"]
        await person.http.post("/api/v1/auth/logout", json={"refresh_token": refresh_token})
    else:
        await disable(gateway, bearer.user_id)
    return token_of(person)


async def disable(gateway: Gateway, user_id: UUID) -> None:
    users = sql_table(User)
    async with gateway.database.transaction() as session:
        now = datetime.now(UTC)
        await session.execute(
            users.update().where(users.c.user_id == user_id).values(disabled_at=now)
        )


@pytest.mark.parametrize("stranger", ["user", "administrator"])
async def test_another_users_things_look_like_nothing(
    app: FastAPI,
    http: httpx2.AsyncClient,
    bob: Person,
    operator: Person,
    anns_things: dict[str, str],
    stranger: str,
) -> None:
    token = token_of(bob if stranger == "user" else operator)

    for operation in chosen(app, OWNER):
        unknown = nothing()
        theirs = await asked(http, operation.request(anns_things), token)
        nobodys = await asked(http, operation.request(unknown), token)

        assert theirs.status_code == nobodys.status_code == 404, (
            operation.name,
            theirs.text,
            nobodys.text,
        )
        assert without_ids(theirs, anns_things) == without_ids(nobodys, unknown), operation.name


def without_ids(answer: httpx2.Response, things: Mapping[str, str]) -> str:
    text = answer.text
    for thing in things.values():
        text = text.replace(thing, "?")
    return text


async def test_the_owner_gets_at_everything(
    app: FastAPI, http: httpx2.AsyncClient, ann: Person, anns_things: dict[str, str]
) -> None:
    for operation in chosen(app, OWNER):
        answer = await asked(http, operation.request(anns_things), token_of(ann))

        reached = (
            answer.status_code not in (401, 403, 404) or answer.json()["code"] == "not_calculated"
        )
        assert reached, (operation.name, answer.text)
        assert answer.status_code != 500, operation.name


async def test_a_user_gets_at_what_is_for_users_and_is_no_administrator(
    app: FastAPI, http: httpx2.AsyncClient, bob: Person, anns_things: dict[str, str]
) -> None:
    for operation in chosen(app, ADMINISTRATORS):
        answer = await asked(http, operation.request(anns_things), token_of(bob))
        assert (answer.status_code, answer.json()["code"]) == (403, "admin_only"), operation.name

    for operation in chosen(app, USERS):
        ends = operation.name == "DELETE auth/session"
        person = await logged_in(http, bob.email) if ends else bob
        answer = await asked(http, operation.request(anns_things), token_of(person))
        assert answer.status_code not in (401, 500), (operation.name, answer.text)
        assert "admin_only" not in answer.text, operation.name


@pytest.mark.usefixtures("market")
async def test_an_administrator_gets_at_what_is_for_administrators(
    app: FastAPI, http: httpx2.AsyncClient, operator: Person
) -> None:
    for operation in chosen(app, ADMINISTRATORS):
        answer = await asked(http, operation.request(nothing()), token_of(operator))

        assert answer.status_code not in (401, 403, 500), (operation.name, answer.text)


async def test_public_routes_need_no_token(app: FastAPI, http: httpx2.AsyncClient) -> None:
    for operation in chosen(app, PUBLIC):
        answer = await asked(http, operation.request(nothing()), None)

        assert "missing_token" not in answer.text, operation.name
        assert answer.status_code < 500, operation.name

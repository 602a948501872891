"""People who use the API in the tests."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy import text

from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.tokens import Bearer, new_refresh_token, token_hash
from services.gateway.identity.schemas import TokenPair

PASSWORD = "correct horse battery"
HEADER = "ticker,quantity,entry_price,entry_date,tags\n"
GOOD_ROWS = 'AAPL,100,100,2022-06-01,"tech,core"\nMSFT,-50,200,2022-06-01,tech\n'
GOOD_FILE = (HEADER + GOOD_ROWS).encode()


def a_schwab_export(day: str) -> str:
    """A broker's export of a day of December 2022: 100 AAPL and 20,000 USD in cash."""
    return f"""\
"Positions for account Individual ...001 as of 04:48 PM ET, 2022/12/{day}"

"Symbol","Description","Quantity","Price","Market Value","Cost Basis","Security Type"
"AAPL","APPLE INC","100","$125.67","$12,567.00","$14,871.00","Equity"
"Cash & Cash Investments","--","--","--","$20,000.00","--","Cash and Money Market"
"Account Total","--","--","--","$32,567.00","$14,871.00","--"
"""


@dataclass(frozen=True)
class Person:
    """A logged-in user: requests go below /api/v1."""

    http: httpx2.AsyncClient
    email: str
    tokens: dict[str, Any]

    async def request(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """One request as this user."""
        headers = {"Authorization": f"Bearer {self.tokens['access_token']}"} | more.pop(
            "headers", {}
        )
        return await self.http.request(method, f"/api/v1/{path}", headers=headers, **more)

    async def get(self, path: str, **query: Any) -> httpx2.Response:
        """Read something."""
        return await self.request("GET", path, params=query or None)

    async def post(self, path: str, body: Any) -> httpx2.Response:
        """Ask for something."""
        return await self.request("POST", path, json=body)

    async def upload(
        self, data: bytes = GOOD_FILE, headers: Any = None, **form: Any
    ) -> httpx2.Response:
        """Upload a position file."""
        files = {"file": ("book.csv", data, "text/csv")}
        return await self.request(
            "POST", "portfolio/upload", files=files, data=form, headers=headers or {}
        )

    async def uploaded(self, **form: Any) -> str:
        """The id of a portfolio made by uploading the good file."""
        answer = await self.upload(**form)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["portfolio"]["portfolio_id"])

    async def uploaded_book(self, text: str) -> str:
        """The id of a portfolio worth 50,000 USD made by uploading these lines."""
        answer = await self.upload(text.encode(), equity_balance="50000")
        assert answer.json()["rejected"] == 0, answer.text
        return str(answer.json()["portfolio"]["portfolio_id"])


async def a_person(http: httpx2.AsyncClient) -> Person:
    """A newly registered user, logged in."""
    email = f"{uuid4().hex}@example.com"
    await http.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD})
    return await logged_in(http, email)


async def a_stored_person(
    http: httpx2.AsyncClient, gateway: Gateway, password_hash: str, role: str = "user"
) -> Person:
    """A new user, or an administrator, with the tokens of a log-in.

    Stored by one statement: registering and logging in would be most of what a test costs.
    """
    email = f"{uuid4().hex}@example.com"
    bearer = Bearer(uuid4(), uuid4())
    pair = TokenPair(
        access_token=gateway.tokens.access_token(bearer, datetime.now(UTC)),
        refresh_token=new_refresh_token(),
        expires_in=gateway.settings.access_token_seconds,
    )
    values = {
        "user_id": bearer.user_id,
        "email": email,
        "password_hash": password_hash,
        "role": role,
        "token_hash": token_hash(pair.refresh_token),
        "family_id": bearer.family_id,
        "days": gateway.settings.refresh_token_days,
    }
    async with gateway.database.transaction() as session:
        await session.execute(_LOGGED_IN, values)
    return Person(http, email, pair.model_dump())


_LOGGED_IN = text(
    "with person as (insert into gateway.users (user_id, email, password_hash, full_name, role) "
    "values (:user_id, :email, :password_hash, '', :role) returning user_id) "
    "insert into gateway.refresh_tokens (token_hash, user_id, family_id, expires_at) "
    "select :token_hash, user_id, :family_id, now() + make_interval(days => :days) from person"
)


async def an_administrator(
    http: httpx2.AsyncClient, gateway: Gateway, password_hash: str
) -> Person:
    """An administrator, logged in."""
    return await a_stored_person(http, gateway, password_hash, role="admin")


async def logged_in(http: httpx2.AsyncClient, email: str) -> Person:
    """The user with fresh tokens."""
    answer = await http.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return Person(http, email, answer.json())

"""The gateway over a real Postgres and a real NATS, asked through ASGI."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

import httpx2
import pytest
from fastapi import FastAPI

from services.gateway.application import assembled
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.tokens import Passwords
from services.gateway.identity.sign_on.provider import Provider
from services.gateway.reports.handlers import router
from services.gateway.settings import GatewaySettings
from services.ingest.tables import MarketSession, Security
from shared.database import Database, Session
from shared.messaging.broker import Broker
from shared.service import Runtime
from shared.settings import shared_settings
from tests.builders import AS_OF, a_security, save
from tests.integration.gateway.people import PASSWORD, Person, a_stored_person, an_administrator
from tests.integration.gateway.providing import Browser, MadeUpProvider, terms
from tests.servers import Servers
from tests.serving import serving

QUICK_PASSWORDS = Passwords(memory_kib=64)  # hundreds of tests log in; no test guesses these


@pytest.fixture(autouse=True)
def no_request_in_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test fails that asks another service while the asking task has a transaction open."""
    open_here: ContextVar[int] = ContextVar("open_here", default=0)
    transaction = Database.transaction
    request = Broker.request

    @asynccontextmanager
    async def counted(database: Database) -> AsyncIterator[Session]:
        async with transaction(database) as session:
            open_here.set(open_here.get() + 1)
            try:
                yield session
            finally:
                open_here.set(open_here.get() - 1)

    async def guarded(broker: Broker, subject: str, body: bytes, timeout_seconds: float) -> bytes:
        assert not open_here.get(), f"{subject} was requested in an open transaction"
        return await request(broker, subject, body, timeout_seconds)

    monkeypatch.setattr(Database, "transaction", counted)
    monkeypatch.setattr(Broker, "request", guarded)


@pytest.fixture(scope="session")
def gateway_environment(servers: Servers) -> Iterator[None]:
    """The environment a gateway process would have."""
    names = ("database_host", "database_port", "database_name", "nats_url")
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setenv(f"SIGMASIGHT_{name.upper()}", str(getattr(servers.settings, name)))
        shared_settings.cache_clear()
        yield
    shared_settings.cache_clear()


@pytest.fixture(scope="session")
async def app(gateway_environment: None) -> AsyncIterator[FastAPI]:
    """The gateway, alive: relay, sweeper and bus handlers run."""
    runtime = Runtime("gateway", router, GatewaySettings)
    settings = GatewaySettings(
        request_seconds=60.0,  # a busy machine is no failure
        sweep_seconds=3_600.0,  # runs of 2022 are overdue at once: tests sweep by themselves
        requests_per_minute=1_000_000,
        page_requests_per_minute=1_000_000,
        agent_hosts=("gateway", "127.0.0.1"),
        workspace_origin="https://pro.openbb.co",
    )
    application = assembled(runtime, settings, QUICK_PASSWORDS)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture(scope="session")
def gateway(app: FastAPI) -> Gateway:
    """The gateway's parts."""
    parts: Gateway = app.state.gateway
    return parts


@pytest.fixture(scope="session")
async def address(app: FastAPI) -> AsyncIterator[str]:
    """The gateway behind a real server, for streams that never end by themselves."""
    async with serving(app) as place:
        yield place


@pytest.fixture(scope="session")
def url(app: FastAPI, address: str) -> str:
    """The same for other processes."""
    return f"http://{address}"


@pytest.fixture(scope="session")
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """An anonymous client."""
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


@pytest.fixture(scope="session")
async def password_hash(gateway: Gateway) -> str:
    """The hash of every test user's password."""
    return await gateway.passwords.hash(PASSWORD)


@pytest.fixture
async def ann(
    http: httpx2.AsyncClient, gateway: Gateway, password_hash: str, empty: None
) -> Person:
    """A user."""
    return await a_stored_person(http, gateway, password_hash)


@pytest.fixture
async def bob(
    http: httpx2.AsyncClient, gateway: Gateway, password_hash: str, empty: None
) -> Person:
    """Another user."""
    return await a_stored_person(http, gateway, password_hash)


@pytest.fixture
async def operator(
    http: httpx2.AsyncClient, gateway: Gateway, password_hash: str, empty: None
) -> Person:
    """An administrator."""
    return await an_administrator(http, gateway, password_hash)


@pytest.fixture
async def market(admin: Database, empty: None) -> None:
    """A market that knows three symbols and was last announced closed on AS_OF."""
    await save(admin, Security, [a_security(symbol) for symbol in ("AAPL", "MSFT", "XOM")])
    days = [
        {
            "session_date": AS_OF.replace(year=2014, month=1, day=2),
            "revision": 1,
            "announced_at": None,
        }
    ]
    last = {"session_date": AS_OF, "revision": 1, "announced_at": None}
    await save(admin, MarketSession, [*days, last])


@pytest.fixture
async def desk(app: FastAPI, empty: None) -> AsyncIterator[MadeUpProvider]:
    """The provider that the gateway is set to."""
    provider = MadeUpProvider()
    app.state.sign_on = Provider(terms(), provider)
    yield provider
    app.state.sign_on = None


@pytest.fixture
def browser(http: httpx2.AsyncClient) -> Browser:
    """A browser that has never been here."""
    return Browser(http)

"""The FastAPI application, put together."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from pydantic import SecretStr

from services.gateway.api import (
    accounts,
    admin,
    auth,
    batches,
    correlations,
    dead_letters,
    demo,
    events,
    exports,
    factors,
    greeks,
    health,
    market_data,
    portfolio,
    portfolios,
    position_edits,
    positions,
    problems,
    recalculation,
    risk,
    strategies,
    stress,
    tags,
    upload,
)
from services.gateway.api.answers import Unchanged, answer_unchanged
from services.gateway.api.background import Relay, Sweeper, at_termination
from services.gateway.api.dependencies import Gateway
from services.gateway.api.documentation import DocumentedApi
from services.gateway.api.feed import Feed
from services.gateway.api.middleware import RequestMetrics, surround
from services.gateway.api.rate_limits import RateLimits
from services.gateway.api.tokens import (
    Passwords,
    Tokens,
    refuse_guessable_administrator,
    signing_key,
    verification_keys,
)
from services.gateway.handlers import router as bus_router
from services.gateway.repository import users
from services.gateway.settings import GatewaySettings, get_settings
from shared.database import Session
from shared.errors import Misconfigured
from shared.service import Runtime

DESCRIPTION = "Portfolios in, risk reports out. Money in USD, shares and betas as decimals, dates as NYSE sessions."


def create_gateway() -> FastAPI:
    """The gateway as configured by the environment; exits with a named reason when the settings are
    wrong.
    """
    runtime = Runtime("gateway", bus_router, GatewaySettings)
    try:
        return assembled(runtime, get_settings())
    except Misconfigured as error:
        raise SystemExit(f"sigmasight cannot start: {error}") from error


def assembled(
    runtime: Runtime, settings: GatewaySettings, passwords: Passwords | None = None
) -> FastAPI:
    """The application over a runtime; raises `Misconfigured`."""
    refuse_guessable_administrator(settings, runtime.settings)
    tokens = Tokens(
        signing_key(settings, runtime.settings),
        settings.access_token_seconds,
        verification_keys(settings),
    )
    relay = Relay(settings.outbox_poll_seconds)
    gateway = Gateway(runtime, settings, tokens, passwords or Passwords(), relay)
    feed = Feed()
    app = DocumentedApi(
        title="SigmaSight",
        version="1",
        description=DESCRIPTION,
        lifespan=_lifespan(gateway, feed),
        openapi_url="/openapi.json" if settings.docs_enabled else None,
    )
    app.state.gateway = gateway
    app.state.feed = feed
    app.state.rate_limits = RateLimits(_secret(settings.rate_limit_store_url))
    app.include_router(_api())
    app.include_router(health.router)
    surround(app, settings, app.state.rate_limits, tokens.user_id)
    app.add_middleware(RequestMetrics, registry=runtime.telemetry.registry)
    problems.install(app)
    app.add_exception_handler(Unchanged, answer_unchanged)
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=runtime.telemetry.tracer_provider,
        excluded_urls="health,metrics",
        exclude_spans=[
            "receive",
            "send",
        ],  # one span a request: these say nothing, and cost more than it
    )
    return app


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def _api() -> APIRouter:
    api = APIRouter(prefix="/api/v1")
    for module in (
        auth,
        upload,
        exports,
        portfolio,
        portfolios,
        positions,
        position_edits,
        tags,
        strategies,
        risk,
        greeks,
        correlations,
        stress,
        factors,
        events,
        recalculation,
        market_data,
        admin,
        accounts,
        batches,
        dead_letters,
        demo,
    ):
        api.include_router(module.router)
    return api


def _lifespan(gateway: Gateway, feed: Feed):  # type: ignore[no-untyped-def]
    sweeper = Sweeper(gateway.settings.sweep_seconds, gateway.settings.run_overdue_seconds)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runtime = gateway.runtime
        await runtime.run_startup([lambda session: ensure_admin(session, gateway)])
        await runtime.broker.start()
        await runtime.start_background([gateway.relay.run, feed.run, sweeper.run])
        _leave_what_stays()
        with at_termination(feed.close):
            yield
        await runtime.stop_background()
        await runtime.broker.stop()
        app.state.rate_limits.close()
        await runtime.close()

    return lifespan


def _leave_what_stays() -> None:
    """Let the garbage collector pass over what was loaded by now: looking through it would hold up
    requests.
    """
    gc.collect()
    gc.freeze()


async def ensure_admin(session: Session, gateway: Gateway) -> None:
    """Make sure that the configured administrator exists; an existing user is left as it is,
    password included.
    """
    email, password = gateway.settings.admin_email, gateway.settings.admin_password
    if email is None or password is None:
        return
    address = auth.normalised_email(email)
    if await users.load_user_by_email(session, address) is None:
        password_hash = await gateway.passwords.hash(password.get_secret_value())
        await users.save_user(session, address, password_hash, role="admin")

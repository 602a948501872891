"""The FastAPI application, put together."""

import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from types import FrameType

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from pydantic import SecretStr
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from services.gateway.accounts import endpoints as accounts
from services.gateway.agents.endpoints import Agents, agent_routes
from services.gateway.agents.workspace.serving import WorkspaceCors
from services.gateway.alerts import endpoints as alerts
from services.gateway.analytics import endpoints as analytics
from services.gateway.books import endpoints as books
from services.gateway.books.answers import (
    Answers,
    KeptAnswers,
    Unchanged,
    answer_unchanged,
)
from services.gateway.books.keeping import anchor_portfolios
from services.gateway.books.renewing import Renewals
from services.gateway.drafts import endpoints as drafts
from services.gateway.edge import endpoints as edge
from services.gateway.edge import problems
from services.gateway.edge.conditional import ConditionalReads
from services.gateway.edge.cookies import CookieSessions
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.documentation import Document, DocumentedApi
from services.gateway.edge.fair_share import FairShare
from services.gateway.edge.middleware import (
    COMPRESSION_LEVEL,
    SMALLEST_COMPRESSED_BYTES,
    BodyLimit,
    BodyTooLarge,
    Deadline,
    Errors,
    RateLimit,
    RequestMetrics,
    SecurityHeaders,
    UserOf,
    answer_too_large,
)
from services.gateway.edge.outbox import Relay
from services.gateway.edge.personal import PersonalTokens
from services.gateway.edge.rate_limits import RateLimits
from services.gateway.edge.routers import joined
from services.gateway.edge.scopes import RouteNames
from services.gateway.edge.tokens import (
    Passwords,
    Tokens,
    refuse_guessable_administrator,
    signing_key,
    verification_keys,
)
from services.gateway.edge.turns import Limits
from services.gateway.edge.workers import Workers
from services.gateway.identity import endpoints as identity
from services.gateway.identity import queries as identity_queries
from services.gateway.identity import schemas as identity_schemas
from services.gateway.identity.sign_on import endpoints as sign_on
from services.gateway.identity.sign_on.callback import callback_routes
from services.gateway.identity.sign_on.provider import Provider
from services.gateway.identity.sign_on.terms import sign_on_terms
from services.gateway.limits import endpoints as limit_routes
from services.gateway.market import endpoints as market
from services.gateway.operators import endpoints as operators
from services.gateway.operators.observing import Observer
from services.gateway.operators.sweeper import Sweeper
from services.gateway.reports import endpoints as reports
from services.gateway.reports.handlers import router as bus_router
from services.gateway.reports.scheduling import Scheduler
from services.gateway.runs import endpoints as runs
from services.gateway.runs.feed import Feed
from services.gateway.runs.follow_up import tracker
from services.gateway.settings import GatewaySettings, get_settings
from services.gateway.web.endpoints import page_routes
from shared.database import Session
from shared.errors import Misconfigured
from shared.service import Runtime, leave_what_stays

SUBJECTS = (
    *(identity, sign_on, books, drafts, analytics, limit_routes, alerts, reports),
    *(runs, market, accounts, operators),
)
DESCRIPTION = (
    "Portfolios in, risk reports out. "
    "Money in USD, shares and betas as decimals, dates as NYSE sessions."
)


def create_gateway() -> FastAPI:
    """The gateway as configured by the environment.

    Exits with a named reason when the settings are wrong.
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
    limits = Limits(settings.runs_per_user, settings.backfill_runs)
    relay = Relay(settings.outbox_poll_seconds, limits)
    workers = Workers(settings.upload_readers)
    gateway = Gateway(runtime, settings, tokens, passwords or Passwords(), relay, workers)
    answers = Answers(settings.kept_answer_bytes)
    renewals = Renewals(answers)
    feed = Feed(renewals.wake)
    agents = Agents(gateway)
    app = DocumentedApi(
        title="SigmaSight",
        version="1",
        description=DESCRIPTION,
        lifespan=_lifespan(gateway, feed, agents, renewals),
        openapi_url=None,  # served below, written once
        docs_url=None,  # served with the dashboard's files, without another server
        redoc_url=None,
        redirect_slashes=False,  # the address would be made of the header Host
    )
    app.state.gateway = gateway
    app.state.feed = feed
    app.state.renewals = renewals
    app.state.rate_limits = RateLimits(_secret(settings.rate_limit_store_url))
    _add_routes(app, settings)
    app.router.routes.extend(agent_routes(agents))
    surround(app, settings, app.state.rate_limits, tokens.user_id, answers)
    app.add_middleware(RequestMetrics, registry=runtime.telemetry.registry)
    problems.install(app)
    app.add_exception_handler(Unchanged, answer_unchanged)
    _trace(app, runtime)
    return app


def _trace(app: FastAPI, runtime: Runtime) -> None:
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=runtime.telemetry.tracer_provider,
        excluded_urls="health,metrics",
        # one span a request: these add nothing, and cost more than it
        exclude_spans=["receive", "send"],
    )


def _add_routes(app: DocumentedApi, settings: GatewaySettings) -> None:
    routers = (*(subject.router for subject in SUBJECTS), edge.router)
    app.router.routes.extend(joined(*routers).routes)
    terms = sign_on_terms(settings)
    app.state.sign_on = Provider(terms) if terms else None
    app.state.route_names = RouteNames(app.routes)
    app.router.routes.extend(callback_routes())
    app.router.routes.extend(page_routes(documented=settings.docs_enabled))
    if settings.docs_enabled:
        app.router.routes.append(Route("/openapi.json", Document(app.written).answer))


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def _lifespan(  # type: ignore[no-untyped-def]
    gateway: Gateway, feed: Feed, agents: Agents, renewals: Renewals
):
    sweeper = Sweeper(
        gateway.settings.sweep_seconds,
        gateway.settings.run_overdue_seconds,
        timedelta(days=gateway.settings.reports_kept_days),
    )
    observer = Observer(gateway.runtime.telemetry.registry, gateway.settings.observe_seconds)
    scheduler = Scheduler(gateway, gateway.settings.schedule_seconds)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runtime = gateway.runtime
        await runtime.run_startup(
            [lambda session: ensure_admin(session, gateway), anchor_portfolios]
        )
        await runtime.broker.start()
        await runtime.start_background(
            [
                *(gateway.relay.run, tracker.run, feed.run, renewals.run),
                *(sweeper.run, scheduler.run, observer.run),
            ]
        )
        leave_what_stays()
        with at_termination(feed.close):
            yield
        await agents.close()
        await runtime.stop_background()
        await runtime.broker.stop()
        app.state.rate_limits.close()
        gateway.workers.close()
        await runtime.close()

    return lifespan


async def ensure_admin(session: Session, gateway: Gateway) -> None:
    """Make sure that the configured administrator exists.

    An existing user is left as it is, password included.
    """
    email = gateway.settings.admin_email
    password = gateway.settings.admin_password
    if email is None or password is None:
        return
    address = identity_schemas.normalised_email(email)
    if await identity_queries.load_user_by_email(session, address) is None:
        password_hash = await gateway.passwords.hash(password.get_secret_value())
        await identity_queries.save_user(session, address, password_hash, role="admin")


def surround(
    app: FastAPI,
    settings: GatewaySettings,
    limits: RateLimits,
    user_of: UserOf,
    answers: Answers,
) -> None:
    """Put all of them around the application but the metrics; the last added is the outermost."""
    app.add_middleware(Errors)
    app.add_middleware(ConditionalReads)
    app.add_middleware(KeptAnswers, answers=answers, served_by=app)
    app.add_middleware(
        GZipMiddleware, minimum_size=SMALLEST_COMPRESSED_BYTES, compresslevel=COMPRESSION_LEVEL
    )
    app.add_middleware(BodyLimit)
    app.add_middleware(FairShare, at_once=settings.requests_at_once, user_of=user_of)
    app.add_middleware(RateLimit, limits=limits, settings=settings, user_of=user_of)
    app.add_middleware(PersonalTokens, limits=limits, per_minute=settings.requests_per_minute)
    app.add_middleware(Deadline, seconds=settings.answer_seconds)
    app.add_middleware(CookieSessions)
    _allow_pages(app, settings)
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(BodyTooLarge, answer_too_large)


def _allow_pages(app: FastAPI, settings: GatewaySettings) -> None:
    """Let pages of other origins ask, as far as the settings name them."""
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "If-Match",
                "If-None-Match",
                "Last-Event-ID",
                *("MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"),
            ],
            expose_headers=[
                "Content-Disposition",
                "ETag",
                "Idempotency-Replayed",
                "Location",
                "Retry-After",
                "X-RateLimit-Limit",
                "X-RateLimit-Remaining",
                "X-RateLimit-Reset",
            ],
            max_age=600,
        )
    if settings.workspace_origin is not None:
        app.add_middleware(
            WorkspaceCors,
            allow_origins=[settings.workspace_origin],
            allow_methods=["GET"],
            allow_headers=["Authorization"],
        )


@contextmanager
def at_termination(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` as soon as the process receives a signal to stop.

    The server then waits for open streams before all else.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in before.items() if callable(handler)}

    def act_first(number: int, frame: FrameType | None) -> None:
        act()
        handlers[signal.Signals(number)](number, frame)

    for number in handlers:
        signal.signal(number, act_first)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)

"""Traces, metrics and logs: one call per process.

Traces go out over OTLP when `OTEL_EXPORTER_OTLP_ENDPOINT` (or its traces-only twin) is set, the
standard variable; without it spans still carry trace ids from event to event, and nothing leaves
the process. Metrics are scraped from `/metrics`. Logs are one JSON object per line on standard
output with `run_id` and `trace_id`.
"""

import hmac
import logging
import os
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    make_asgi_app,
)

from shared.settings import Settings

if TYPE_CHECKING:  # calculators are installed without it
    from starlette.types import ASGIApp, Receive, Scope, Send

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass
class Telemetry:
    """The tracer provider and the metrics registry of one process."""

    tracer_provider: TracerProvider
    registry: CollectorRegistry
    handled: Counter = field(init=False)
    seconds: Histogram = field(init=False)

    def __post_init__(self) -> None:
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.handled = Counter(
            "sigmasight_messages",
            "Messages by outcome",
            ["subject", "outcome"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "sigmasight_handling_seconds",
            "Seconds from message to commit",
            ["subject"],
            buckets=_SECONDS,
            registry=self.registry,
        )


def create_telemetry(word: str, settings: Settings) -> Telemetry:
    """Set up logging and tracing for the process of service `word`."""
    configure_logging(word, settings)
    provider = TracerProvider(
        resource=Resource.create({"service.name": word, "service.namespace": "sigmasight"})
    )
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    ):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Telemetry(provider, CollectorRegistry())


def current_trace_id() -> str | None:
    """The current trace's id as 32 hex digits, or None outside any trace."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def configure_logging(word: str, settings: Settings) -> None:
    """Format structlog and standard-library logs alike, on standard output."""
    shared_processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _service_and_trace(word),
    ]
    structlog.configure(
        processors=[*shared_processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_processors,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for chatty in ("uvicorn", "uvicorn.error", "uvicorn.access", "faststream"):
        logging.getLogger(chatty).handlers = []
        logging.getLogger(chatty).propagate = True
    logging.getLogger("sigmasight.bus").setLevel("WARNING")
    logging.getLogger("httpx2").setLevel("WARNING")  # it logs addresses, which may hold secrets
    logging.getLogger("uvicorn.access").setLevel("WARNING")


def _service_and_trace(word: str) -> Any:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = word
        if (trace_id := current_trace_id()) is not None:
            event["trace_id"] = trace_id
        return event

    return add


def may_scrape(settings: Settings, authorization: str) -> bool:
    """Whether a header `Authorization` opens `/metrics`: any does where no token is configured."""
    if settings.metrics_token is None:
        return True
    wanted = f"Bearer {settings.metrics_token.get_secret_value()}"
    return hmac.compare_digest(authorization.encode(), wanted.encode())


def metrics_page(registry: CollectorRegistry, settings: Settings) -> "ASGIApp":
    """The page `/metrics` of a service: 401 without the token, where one is configured."""
    page = make_asgi_app(registry)

    async def guarded(scope: "Scope", receive: "Receive", send: "Send") -> None:
        given = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        if may_scrape(settings, given):
            await page(scope, receive, send)
            return
        challenge = [(b"www-authenticate", b"Bearer"), (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 401, "headers": challenge})
        body = b"send the token of SIGMASIGHT_METRICS_TOKEN"
        await send({"type": "http.response.body", "body": body})

    return guarded

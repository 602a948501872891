"""What only the gateway needs to know."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.settings import ServiceSettings, load

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")


class GatewaySettings(ServiceSettings):
    """Read from `SIGMASIGHT_GATEWAY_*`."""

    model_config = SettingsConfigDict(env_prefix="SIGMASIGHT_GATEWAY_")

    token_signing_key: SecretStr | None = Field(
        default=None, description="Ed25519 private key, PEM"
    )
    token_verification_keys: SecretStr | None = Field(
        default=None,
        description="Ed25519 public keys, PEM: accepted besides the signing key's, to rotate it",
    )
    access_token_seconds: int = Field(default=900, ge=60, le=86_400)
    refresh_token_days: int = Field(default=30, ge=1, le=365)

    page_session_seconds: int = Field(
        default=43_200, ge=60, le=2_592_000, description="how long a browser stays logged in"
    )

    registration: Literal["open", "admin"] = Field(
        default="open", description="whether users may register, or only administrators create them"
    )
    login_attempts_per_account: int = Field(
        default=10, ge=1, description="failed, within the window"
    )
    login_attempts_per_address: int = Field(
        default=50, ge=1, description="failed, within the window"
    )
    login_window_seconds: int = Field(default=900, ge=1, le=86_400)

    admin_email: str | None = Field(
        default=None, description="an administrator made sure of at every start"
    )
    admin_password: SecretStr | None = None

    demo_directory: Path | None = Field(
        default=None,
        description="`books.json` and the demo's position files: what `admin/demo/reset` restores",
    )

    run_overdue_seconds: float = Field(
        default=900.0, gt=0, description="silence after which an open run is closed"
    )
    sweep_seconds: float = Field(default=5.0, gt=0)
    schedule_seconds: float = Field(
        default=5.0, gt=0, description="how often to look for sessions that schedules report"
    )
    reports_kept_days: float = Field(
        default=400.0, gt=0, description="how long reports are listed, with or without document"
    )
    outbox_poll_seconds: float = Field(default=1.0, gt=0)
    runs_per_user: int = Field(
        default=4, ge=1, description="runs of one user at work at once, of edits and of histories"
    )
    backfill_runs: int = Field(
        default=1,
        ge=1,
        description="runs of histories at work at once; they pause while other runs are open",
    )
    request_seconds: float = Field(
        default=15.0, gt=0, description="how long another service may take to answer"
    )

    requests_per_minute: int = Field(
        default=100, ge=1, description="of one user, or one anonymous address"
    )
    operator_requests_per_minute: int = Field(
        default=6_000, ge=1, description="of one user, below /admin"
    )
    requests_at_once: int = Field(
        default=5,
        ge=1,
        description="of one user in progress, of which each may hold a connection; others wait",
    )
    rate_limit_store_url: SecretStr | None = Field(
        default=None,
        description="redis:// or rediss://, for replicas to count together; default: each alone",
    )
    kept_answer_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=0,
        description="room for answers that are given again until they are outdated",
    )
    answer_seconds: float = Field(
        default=30.0, gt=0, description="how long a request may make no progress before it is ended"
    )
    upload_readers: int = Field(
        default=2, ge=1, le=16, description="processes that read uploaded files, at most"
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="other origins whose pages may use the API: https://app.example.com,...",
    )
    docs_enabled: bool = Field(default=True, description="/docs and /openapi.json")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return (
            tuple(filter(None, map(str.strip, value.split(","))))
            if isinstance(value, str)
            else value
        )

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is no origin: write scheme://host or scheme://host:port, no path"
                )
        return origins

    @field_validator("rate_limit_store_url")
    @classmethod
    def _redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("the store is named by a redis:// or rediss:// URL")
        return url


@lru_cache
def get_settings() -> GatewaySettings:
    """The process's gateway settings, read once."""
    return load(GatewaySettings)

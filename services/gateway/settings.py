"""What only the gateway needs to know."""

import re
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.settings import ServiceSettings, load

_HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")


def _origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text):
        raise ValueError(
            f"{text!r} is no origin: write scheme://host or scheme://host:port, no path"
        )
    return text


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

    oidc_issuer: str | None = Field(
        default=None, max_length=300, description="the provider of single sign-on, an https address"
    )
    oidc_client_id: str | None = Field(default=None, description="how the provider knows us")
    oidc_client_secret: SecretStr | None = None
    oidc_scopes: str = "openid email profile"
    oidc_allowed_domains: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="of verified e-mail addresses: example.com,example.org"
    )
    oidc_allowed_groups: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="of which an account must have one"
    )
    oidc_groups_claim: str = Field(default="groups", description="dots lead into objects")
    oidc_role_claim: str | None = Field(
        default=None, description="with the next: who is an administrator, realm_access.roles say"
    )
    oidc_admin_value: str | None = None
    oidc_name: str = Field(default="Single sign-on", max_length=60, description="on its button")

    demo_directory: Path | None = Field(
        default=None,
        description="`books.json` and the demo's position files: what `admin/demo/reset` restores",
    )

    run_overdue_seconds: float = Field(
        default=900.0, gt=0, description="silence after which an open run is closed"
    )
    sweep_seconds: float = Field(default=5.0, gt=0)
    observe_seconds: float = Field(
        default=30.0, gt=0, description="how often what /metrics shows of the whole is looked up"
    )
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
    portfolios_per_user: int = Field(default=1_000, ge=1, description="drafts not counted")
    positions_per_user: int = Field(
        default=250_000, ge=1, description="lots of all portfolios and drafts, closed ones too"
    )
    transactions_per_user: int = Field(
        default=1_000_000, ge=1, description="of all portfolios and drafts"
    )
    stored_bytes_per_user: int = Field(
        default=1024**3,
        ge=1,
        description="of reports: their documents, and figures of those queued",
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
    page_requests_per_minute: int = Field(
        default=1_000, ge=1, description="outside the API, of one network address: files, /metrics"
    )
    refusal_seconds: float = Field(
        default=1.0,
        ge=0,
        description="how long the answer to a request too many waits, so that who goes on is slow; "
        "not behind trusted proxies, whose connections others use too",
    )
    requests_at_once: int = Field(
        default=5,
        ge=1,
        description="of one user in progress, of which each may hold a connection; others wait",
    )
    connections: int = Field(
        default=800,
        ge=10,
        description="open at once in this process, of which each takes a file: `ulimit -n`, often "
        "1024, has to be larger by 200",
    )
    connections_per_address: int = Field(
        default=200, ge=1, description="of one network address; trusted proxies have no such limit"
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
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        validation_alias="FORWARDED_ALLOW_IPS",
        description="addresses and networks of the proxies in front of the gateway, read by "
        "uvicorn: 10.0.0.5,10.1.0.0/16; the caller is the right-most address of X-Forwarded-For "
        "that is none of them",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="other origins whose pages may use the API: https://app.example.com,...",
    )
    agent_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("localhost", "127.0.0.1", "[::1]"),
        description="names by which agents may reach /mcp, without ports: 421 for any other",
    )
    public_url: str | None = Field(
        default=None,
        description="the address that clients reach the gateway at, behind a proxy: its host is "
        "one of the agents' too; default: as each request has it",
    )
    workspace_origin: str | None = Field(
        default=None,
        description="OpenBB Workspace's origin, https://pro.openbb.co: serves it /widgets.json and "
        "/apps.json with their tables; default: none of them is served",
    )
    docs_enabled: bool = Field(default=True, description="/docs and /openapi.json")

    @field_validator(
        "trusted_proxies",
        "cors_origins",
        "agent_hosts",
        "oidc_allowed_domains",
        "oidc_allowed_groups",
        mode="before",
    )
    @classmethod
    def _listed(cls, value: object) -> object:
        return (
            tuple(filter(None, map(str.strip, value.split(","))))
            if isinstance(value, str)
            else value
        )

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        """Networks alone: uvicorn ignores what is none, and with `*` every caller picks its own."""
        for each in proxies:
            try:
                ip_network(each)
            except ValueError:
                raise ValueError(
                    f"{each!r} is no proxy: write an address or a network, such as 10.1.0.0/16"
                ) from None
        return proxies

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_origin(each) for each in origins)

    @field_validator("public_url", "workspace_origin")
    @classmethod
    def _one_origin(cls, origin: str | None) -> str | None:
        return None if origin is None else _origin(origin)

    @field_validator("agent_hosts")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise ValueError(f"{host!r} is no host: write a name or an address, without a port")
        return tuple(host.lower() for host in hosts)

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

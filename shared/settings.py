"""Settings of every service, read from `SIGMASIGHT_*`. A misspelt or unsafe variable is an error.

Every secret may come from a file instead: `SIGMASIGHT_DATABASE_PASSWORD_FILE=/run/secrets/db`.
"""

import difflib
import ipaddress
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.errors import Misconfigured
from shared.topology import TOPOLOGY

PREFIX = "SIGMASIGHT_"
DEFAULT_PASSWORD = "sigmasight"  # for development: listeners beyond loopback refuse it

# Variables with the prefix that no service reads: they belong to the local stack, the commands of
# users and the tests.
TOOL_VARIABLES = frozenset(
    {
        *("SIGMASIGHT_STATE_DIR", "SIGMASIGHT_STACK"),
        *("SIGMASIGHT_BACKUP_PASSPHRASE", "SIGMASIGHT_BACKUP_PASSPHRASE_FILE"),
        *("SIGMASIGHT_TEST_POSTGRES_URL", "SIGMASIGHT_TEST_NATS_URL"),
        *("SIGMASIGHT_POSTGRES_BIN", "SIGMASIGHT_NATS_SERVER"),
        *("SIGMASIGHT_URL", "SIGMASIGHT_EMAIL"),
        *("SIGMASIGHT_PASSWORD", "SIGMASIGHT_PASSWORD_FILE", "SIGMASIGHT_CODE"),
        *("SIGMASIGHT_TOKEN", "SIGMASIGHT_TOKEN_FILE"),
    }
)


class SecretFiles(PydanticBaseSettingsSource):
    """Reads `<VARIABLE>_FILE` for secret fields: the file's text without trailing white space."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        names = variables_of(self.settings_cls, field_name)
        files = (f"{name}_FILE" for name in names if is_secret(field))
        variable = next((name for name in files if name in os.environ), None)
        if variable is None:
            return None, field_name, False
        path = os.environ[variable]
        try:
            text = Path(path).read_text(encoding="utf-8").rstrip()
        except OSError as error:
            raise Misconfigured(
                f"{variable}={path} cannot be read: {error.strerror}; name a readable file"
            ) from error
        return text, names[0] if field.validation_alias else field_name, False

    def __call__(self) -> dict[str, Any]:
        values = (
            self.get_field_value(field, name)
            for name, field in self.settings_cls.model_fields.items()
        )
        return {key: value for value, key, _ in values if value is not None}


def variables_of(kind: type[BaseSettings], field_name: str) -> Sequence[str]:
    """The environment variables of a field; the first that is set counts."""
    alias = kind.model_fields[field_name].validation_alias
    if isinstance(alias, AliasChoices):
        return [str(name) for name in alias.choices]
    if isinstance(alias, str):
        return [alias]
    return [f"{kind.model_config.get('env_prefix', '')}{field_name}".upper()]


def is_secret(field: FieldInfo) -> bool:
    """Whether the field's type is (optionally) `SecretStr`."""
    return "SecretStr" in str(field.annotation)


class EnvironmentSettings(BaseSettings):
    """Settings read from secret files first, then from the environment."""

    model_config = SettingsConfigDict(extra="ignore")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, SecretFiles(settings_cls), env_settings


class ServiceSettings(EnvironmentSettings):
    """Base of a service's own settings; the subclass sets `env_prefix="SIGMASIGHT_<SERVICE>_"`."""


class Settings(EnvironmentSettings):
    """What every service needs to start."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    database_host: str = "127.0.0.1"
    database_port: int = Field(default=5432, ge=1, le=65535)
    database_name: str = "sigmasight"
    database_password: SecretStr = SecretStr(DEFAULT_PASSWORD)
    database_pool_size: int = Field(default=5, ge=1, le=100)

    nats_url: str = "nats://127.0.0.1:4222"
    nats_password: SecretStr = SecretStr(DEFAULT_PASSWORD)

    listen_host: str = "127.0.0.1"
    production: bool = Field(
        default=False,
        description="others reach this, a proxy on this machine say, though it listens on loopback",
    )
    concurrency: int = Field(
        default=2, ge=1, le=32, description="messages of one kind worked on at once"
    )
    acknowledge_seconds: float = Field(
        default=10.0, gt=0.5, description="silence after which a message is redelivered"
    )
    retry_seconds: tuple[float, ...] = (0.5, 2.0, 8.0, 30.0)
    retention_days: int = Field(
        default=365,
        ge=30,
        description="days that details of a session are kept, counted from the newest one",
    )

    metrics_token: SecretStr | None = Field(
        default=None,
        description="what /metrics demands as `Authorization: Bearer`; default: nothing",
    )
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    log_format: str = Field(default="json", pattern="^(json|text)$")

    @model_validator(mode="after")
    def _refuse_default_secrets_beyond_loopback(self) -> Self:
        secrets = {"DATABASE_PASSWORD": self.database_password, "NATS_PASSWORD": self.nats_password}
        defaults = [
            PREFIX + name
            for name, value in secrets.items()
            if value.get_secret_value() == DEFAULT_PASSWORD
        ]
        if defaults and self.exposed:
            it = "them" if len(defaults) > 1 else "it"
            raise Misconfigured(
                f"refusing to listen on {self.listen_host} with the default "
                f"{' and '.join(defaults)}: {self.remedy(it)}"
            )
        return self

    @property
    def exposed(self) -> bool:
        """Whether others than this machine's users can reach this process."""
        return self.production or not is_loopback(self.listen_host)

    def remedy(self, it: str) -> str:
        """How to fix a default secret in a process that others can reach."""
        return (
            f"set {it}, or keep SIGMASIGHT_LISTEN_HOST=127.0.0.1 "
            "and leave SIGMASIGHT_PRODUCTION unset"
        )

    def database_url(self, role: str) -> str:
        """The SQLAlchemy URL for one service's role, password included."""
        password = self.database_password.get_secret_value()
        server = f"{self.database_host}:{self.database_port}"
        return f"postgresql+asyncpg://{role}:{password}@{server}/{self.database_name}"


def is_loopback(host: str) -> bool:
    """Whether a listener on `host` can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def known_variables(*kinds: type[EnvironmentSettings]) -> set[str]:
    """Every environment variable the settings classes read, `_FILE` twins of secrets included."""
    names = set(TOOL_VARIABLES)
    for kind in kinds:
        for field_name, field in kind.model_fields.items():
            variables = variables_of(kind, field_name)
            names.update(variables)
            names.update(f"{name}_FILE" for name in variables if is_secret(field))
    return names


def misspelt_variables(
    environment: Mapping[str, str], own: type[EnvironmentSettings] | None, word: str | None
) -> list[str]:
    """One sentence for each `SIGMASIGHT_*` variable that no service reads.

    Variables prefixed with another service's word are that service's to check.
    """
    known = known_variables(Settings, *([own] if own else []))
    foreign = [other.upper() for other in TOPOLOGY if other != word]
    others = tuple(f"{PREFIX}{other}_" for other in (*foreign, "BOOTSTRAP"))
    unknown = [
        n
        for n in environment
        if n.startswith(PREFIX) and n not in known and not n.startswith(others)
    ]
    return [_misspelling(name, known) for name in sorted(unknown)]


def _misspelling(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"unknown variable {name}" + (f": did you mean {close[0]}?" if close else ": unset it")


SettingsKind = TypeVar("SettingsKind", bound=EnvironmentSettings)


def load(kind: type[SettingsKind]) -> SettingsKind:
    """Read one settings class; raises `Misconfigured` naming the variable and the fix."""
    try:
        return kind()
    except ValidationError as error:
        prefix = kind.model_config.get("env_prefix", "")
        lines = [
            f"{prefix}{'_'.join(str(p) for p in e['loc'])}".upper() + f": {e['msg']}"
            for e in error.errors()
        ]
        raise Misconfigured("; ".join(lines)) from error


@lru_cache
def shared_settings() -> Settings:
    """The process's shared settings, read once."""
    return load(Settings)


def check_spelling(word: str, own: type[EnvironmentSettings] | None = None) -> None:
    """Raise `Misconfigured` for a variable with our prefix that the service does not read."""
    problems = misspelt_variables(os.environ, own, word)
    if problems:
        raise Misconfigured("; ".join(problems))

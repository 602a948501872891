"""What only the gateway needs to know."""

from functools import lru_cache

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings, load


class GatewaySettings(ServiceSettings):
    """Read from `SIGMASIGHT_GATEWAY_*`."""

    model_config = SettingsConfigDict(env_prefix="SIGMASIGHT_GATEWAY_")

    token_signing_key: SecretStr | None = Field(default=None, description="Ed25519 private key, PEM")
    access_token_seconds: int = Field(default=900, ge=60, le=86_400)
    refresh_token_days: int = Field(default=30, ge=1, le=365)

    admin_email: str | None = Field(default=None, description="an administrator made sure of at every start")
    admin_password: SecretStr | None = None

    run_overdue_seconds: float = Field(default=900.0, gt=0, description="age at which an open run is closed")
    sweep_seconds: float = Field(default=5.0, gt=0)
    outbox_poll_seconds: float = Field(default=1.0, gt=0)
    request_seconds: float = Field(
        default=15.0, gt=0, description="how long another service may take to answer"
    )


@lru_cache
def get_settings() -> GatewaySettings:
    """The process's gateway settings, read once."""
    return load(GatewaySettings)

"""The settings that only limits has."""

from email.errors import MessageError
from email.headerregistry import Address
from functools import lru_cache
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from shared.errors import Misconfigured
from shared.settings import ServiceSettings, is_loopback, load


class LimitsSettings(ServiceSettings):
    """Read from `SIGMASIGHT_LIMITS_*`."""

    model_config = SettingsConfigDict(env_prefix="SIGMASIGHT_LIMITS_")

    limits_per_user: int = Field(
        default=200,
        ge=0,
        description="how many limits a user may set: each is evaluated every session",
    )
    channels_per_user: int = Field(
        default=10, ge=0, description="how many channels for alerts a user may have"
    )
    notify_seconds: float = Field(
        default=2.0, gt=0, description="how often to look for alerts and messages to send"
    )
    group_quiet_seconds: float = Field(
        default=5.0,
        ge=0,
        description="alerts of a run are sent together once no other came for so long",
    )
    group_longest_seconds: float = Field(
        default=60.0, ge=0, description="or once the first of them has waited for so long"
    )
    send_seconds: float = Field(
        default=10.0, gt=0, le=30, description="how long an attempt to deliver a message may take"
    )
    webhooks_to_loopback: bool = Field(
        default=False,
        description="for development: webhooks may go to this machine, over http",
    )
    smtp_host: str | None = Field(
        default=None, description="the mail server; without one there are no alerts by e-mail"
    )
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="none: only for a mail server on this machine"
    )
    smtp_sender: str = Field(
        default="alerts@localhost", description="the address that alerts come from"
    )
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_certificates: str | None = Field(
        default=None,
        description="a file of authorities to verify the mail server by; default: the system's",
    )

    @field_validator("smtp_sender")
    @classmethod
    def _refuse_what_is_no_address(cls, sender: str) -> str:
        try:
            Address(addr_spec=sender)
        except (MessageError, ValueError, IndexError):
            raise ValueError(f"{sender!r} is no e-mail address") from None
        return sender

    @model_validator(mode="after")
    def _refuse_unencrypted_mail(self) -> Self:
        host = self.smtp_host
        if host is not None and self.smtp_security == "none" and not is_loopback(host):
            raise Misconfigured(
                f"refusing to send e-mail unencrypted to {host}: set "
                "SIGMASIGHT_LIMITS_SMTP_SECURITY to starttls or tls"
            )
        return self


@lru_cache
def get_settings() -> LimitsSettings:
    """The process's settings, read once."""
    return load(LimitsSettings)

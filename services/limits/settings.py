"""The settings that only limits has."""

from functools import lru_cache

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings, load


class LimitsSettings(ServiceSettings):
    """Read from `SIGMASIGHT_LIMITS_*`."""

    model_config = SettingsConfigDict(env_prefix="SIGMASIGHT_LIMITS_")

    limits_per_user: int = Field(
        default=200,
        ge=0,
        description="how many limits a user may set: each is evaluated every session",
    )


@lru_cache
def get_settings() -> LimitsSettings:
    """The process's settings, read once."""
    return load(LimitsSettings)

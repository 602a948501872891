"""The settings that only reports has."""

from functools import lru_cache

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings, load


class ReportsSettings(ServiceSettings):
    """Read from `SIGMASIGHT_REPORTS_*`."""

    model_config = SettingsConfigDict(env_prefix="SIGMASIGHT_REPORTS_")

    undownloaded_days: float = Field(
        default=14.0, gt=0, description="how long a document waits for its user to download it"
    )
    downloaded_days: float = Field(
        default=365.0, gt=0, description="how long one that was downloaded is kept"
    )
    expire_seconds: float = Field(
        default=60.0, gt=0, description="how often to look for documents that expire"
    )
    at_once: int = Field(
        default=1, ge=1, description="documents that one process renders at the same time"
    )


@lru_cache
def get_settings() -> ReportsSettings:
    """The process's settings, read once."""
    return load(ReportsSettings)

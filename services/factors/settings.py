"""The settings of factors alone."""

from functools import lru_cache

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings, load


class FactorsSettings(ServiceSettings):
    """Read from `SIGMASIGHT_FACTORS_*`."""

    model_config = SettingsConfigDict(env_prefix="SIGMASIGHT_FACTORS_")

    covariance_decay: float = Field(
        default=0.94,
        gt=0.0,
        le=1.0,
        description="weight of a day in the factor covariance against the next",
    )
    covariance_lookback: int = Field(
        default=252, ge=60, le=2520, description="daily returns the factor covariance looks back on"
    )


@lru_cache
def get_settings() -> FactorsSettings:
    """The process's settings, read once."""
    return load(FactorsSettings)

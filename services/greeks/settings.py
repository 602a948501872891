"""The settings that only greeks has."""

from functools import lru_cache
from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings, load


class GreeksSettings(ServiceSettings):
    """Read from `SIGMASIGHT_GREEKS_*`."""

    model_config = SettingsConfigDict(env_prefix="SIGMASIGHT_GREEKS_")

    engine: Literal["default", "european", "american", "mibian"] = Field(
        default="default",
        description="what values options that have time left: default (American for equities and "
        "ETFs, European "
        "for index roots), european, american or mibian for all of them",
    )
    configured_rate: float = Field(
        default=0.03,
        gt=-0.5,
        lt=1.0,
        description="continuously compounded rate per year (0.03 is 3 %) without a Treasury curve",
    )


@lru_cache
def get_settings() -> GreeksSettings:
    """The process's settings, read once."""
    return load(GreeksSettings)

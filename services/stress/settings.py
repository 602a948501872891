"""The settings that only stress has."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings, load

BUNDLED_SCENARIOS = Path(__file__).with_name("scenarios.json")


class StressSettings(ServiceSettings):
    """Read from `SIGMASIGHT_STRESS_*`."""

    model_config = SettingsConfigDict(env_prefix="SIGMASIGHT_STRESS_")

    rate_maturity: Literal["3M", "2Y", "10Y", "30Y"] = Field(
        default="10Y", description="the Treasury yield that rate shocks move"
    )
    custom_scenarios_file: Path | None = Field(
        default=None,
        description="a JSON file of more scenarios, laid out like services/stress/scenarios.json",
    )
    custom_scenarios_per_user: int = Field(
        default=50,
        ge=0,
        description="how many custom scenarios a user may save: each is run every day",
    )

    def scenario_files(self) -> tuple[Path, ...]:
        """The bundled scenarios, then those of the custom file."""
        return (
            BUNDLED_SCENARIOS,
            *([self.custom_scenarios_file] if self.custom_scenarios_file else []),
        )


@lru_cache
def get_settings() -> StressSettings:
    """The process's settings, read once."""
    return load(StressSettings)

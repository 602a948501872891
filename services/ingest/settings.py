"""Settings of ingest alone: `SIGMASIGHT_INGEST_*`, and provider keys under their usual names."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings, load

PriceSource = Literal["polygon", "yahoo", "csv", "bundled"]
BUNDLED_DATA = Path(__file__).resolve().parents[2] / "deploy" / "demo" / "data"


class IngestSettings(ServiceSettings):
    """Which data, how much history, how big the pieces of work."""

    model_config = SettingsConfigDict(env_prefix="SIGMASIGHT_INGEST_", populate_by_name=True)

    shard_size: int = Field(default=50, ge=1, le=1000, description="portfolios per piece of work")
    shard_positions: int = Field(
        default=5_000,
        ge=1,
        description="positions per piece of work; more only where one portfolio has more",
    )
    history_sessions: int = Field(
        default=300, ge=70, description="sessions of prices kept before the requested session"
    )
    data_directory: Path = BUNDLED_DATA
    clock_seconds: float = Field(default=30.0, gt=0, description="how often the market clock looks")
    close_delay_seconds: float = Field(
        default=1800.0,
        ge=0,
        description="after the close, until a live provider has the session's prices",
    )
    recheck_hours: float = Field(
        default=12.0, gt=0, description="until a provider is queried again for what it did not have"
    )
    unknown_recheck_days: float = Field(
        default=7.0,
        gt=0,
        description="until a provider is queried again for a symbol it does not know",
    )
    claim_seconds: float = Field(
        default=30.0,
        ge=1,
        description="until symbols that a replica died fetching are fetched by another",
    )

    prices: tuple[PriceSource, ...] = Field(
        default=(),
        description="providers of closes, in order; empty: those with a key, then files",
    )
    corporate_actions: tuple[Literal["polygon", "yahoo", "csv"], ...] = Field(
        default=(), description="likewise"
    )
    yields: tuple[Literal["fred", "treasury", "csv", "bundled"], ...] = Field(
        default=(), description="likewise"
    )
    securities: tuple[PriceSource, ...] = Field(
        default=(), description="likewise, for what symbols are"
    )
    option_quotes: tuple[Literal["polygon", "yahoo", "csv"], ...] = Field(
        default=(), description="likewise"
    )
    csv_directory: Path | None = Field(
        default=None, description="the folder behind the provider csv"
    )
    polygon_plan: Literal["free", "starter", "developer", "advanced", "unlimited"] = Field(
        default="free", description="5, 100, 1,000, 10,000 requests a minute, or no limit"
    )
    polygon_url: str = "https://api.massive.com"
    fred_url: str = "https://api.stlouisfed.org/fred"
    treasury_url: str = (
        "https://home.treasury.gov/resource-center/data-chart-center/interest-rates/pages/xml"
    )
    yahoo_requests_a_minute: int = Field(default=60, ge=1)

    polygon_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("POLYGON_API_KEY", "MASSIVE_API_KEY")
    )
    fred_api_key: SecretStr | None = Field(default=None, validation_alias="FRED_API_KEY")


@lru_cache
def ingest_settings() -> IngestSettings:
    """The process's ingest settings, read once."""
    return load(IngestSettings)

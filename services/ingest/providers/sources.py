"""Which providers are queried for each kind of data, in which order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from services.ingest.inputs import ConfiguredProvider, Coverage
from services.ingest.providers import (
    CorporateActionProvider,
    OptionQuoteProvider,
    Pace,
    PriceProvider,
    SecurityProvider,
    YieldProvider,
)
from services.ingest.providers.bundled import BundledProvider
from services.ingest.providers.pace import (
    FRED_REQUESTS_A_SECOND,
    POLYGON_REQUESTS_A_MINUTE,
    TREASURY_REQUESTS_A_MINUTE,
    Reserve,
    SharedPace,
    Unlimited,
)
from services.ingest.settings import IngestSettings
from shared.errors import Misconfigured

if TYPE_CHECKING:
    from services.ingest.providers.csv_folder import CsvFolderProvider
    from services.ingest.providers.treasury import TreasuryProvider

LIVE_HISTORY = timedelta(days=2 * 365)  # as far back as the smallest plan of a live provider goes


@dataclass(frozen=True)
class Sources:
    """A chain of providers per kind of data: each is queried for what the ones before did not have.

    `listed`: providers of securities whose whole list is read at start-up; `folder`: the CSV folder
    among them, whose files may change.
    """

    prices: Sequence[PriceProvider]
    corporate_actions: Sequence[CorporateActionProvider] = ()
    yields: Sequence[YieldProvider] = ()
    securities: Sequence[SecurityProvider] = ()
    listed: Sequence[SecurityProvider] = ()
    option_quotes: Sequence[OptionQuoteProvider] = ()
    folder: "CsvFolderProvider | None" = None

    def by_kind(self) -> dict[str, list[ConfiguredProvider]]:
        """The providers of each kind of data, in order."""
        kinds = ("prices", "corporate_actions", "yields", "securities", "option_quotes")
        return {
            kind: [ConfiguredProvider(each.name, each.live) for each in getattr(self, kind)]
            for kind in kinds
        }

    async def coverage(self, last_closed: date) -> Coverage:
        """The sessions available: up to `last_closed` with a live provider of prices."""
        found = [await provider.coverage() for provider in self.prices]
        files = [each for each in found if each is not None]
        first = [each.first for each in files]
        if len(files) < len(found):
            return Coverage(min([last_closed - LIVE_HISTORY, *first]), last_closed)
        return Coverage(min(first), max(each.last for each in files))


def configured_sources(settings: IngestSettings, reserve: Callable[[str], Reserve]) -> Sources:
    """The providers that the settings name; by default those with a key, then the bundled files.

    `reserve` assigns the slots of a provider's rate limit, by name. Raises `Misconfigured` for a
    provider that is named without its key or folder.
    """
    made = _Workshop(settings, reserve)
    live = settings.polygon_api_key is not None
    own = ("csv",) if settings.csv_directory else ()
    prices = settings.prices or (*(("polygon", "yahoo") if live else ()), *own, "bundled")
    actions = settings.corporate_actions or (*(("polygon", "yahoo") if live else ()), *own)
    yields = settings.yields or (*(("fred",) if settings.fred_api_key else ()), *own, "bundled")
    securities = settings.securities or (*(("yahoo", "polygon") if live else ()), *own, "bundled")
    quotes = settings.option_quotes or (*(("polygon",) if live else ()), *own)
    return Sources(
        prices=[made.provider(name) for name in prices],
        corporate_actions=[made.provider(name) for name in actions],
        yields=[made.provider(name) for name in yields],
        securities=[made.provider(name) for name in securities],
        listed=[made.provider(name) for name in securities if name in ("csv", "bundled")],
        option_quotes=[made.provider(name) for name in quotes],
        folder=made.provider("csv") if settings.csv_directory else None,
    )


class _Workshop:
    """Makes each provider once, and imports its heavy libraries only then."""

    def __init__(self, settings: IngestSettings, reserve: Callable[[str], Reserve]) -> None:
        self._settings = settings
        self._reserve = reserve
        self._made: dict[str, Any] = {}

    def provider(self, name: str) -> Any:
        """The provider of this name."""
        if name not in self._made:
            self._made[name] = getattr(self, f"_{name}")()
        return self._made[name]

    def _bundled(self) -> BundledProvider:
        return BundledProvider(self._settings.data_directory)

    def _csv(self) -> Any:
        if self._settings.csv_directory is None:
            raise Misconfigured(
                "the provider csv needs SIGMASIGHT_INGEST_CSV_DIRECTORY: set it to a folder"
            )
        from services.ingest.providers.csv_folder import CsvFolderProvider

        return CsvFolderProvider(self._settings.csv_directory)

    def _polygon(self) -> Any:
        from services.ingest.providers.polygon import PolygonProvider

        key = _required(self._settings.polygon_api_key, "polygon", "POLYGON_API_KEY")
        pace = self._pace("polygon", POLYGON_REQUESTS_A_MINUTE[self._settings.polygon_plan])
        return PolygonProvider(key, pace, base_url=self._settings.polygon_url)

    def _yahoo(self) -> Any:
        from services.ingest.providers.yahoo import YahooProvider

        return YahooProvider(self._pace("yahoo", self._settings.yahoo_requests_a_minute))

    def _fred(self) -> Any:
        from services.ingest.providers.fred import FredProvider

        key = _required(self._settings.fred_api_key, "fred", "FRED_API_KEY")
        pace = SharedPace(
            self._reserve("fred"), FRED_REQUESTS_A_SECOND, window_seconds=1.0, margin_seconds=0.2
        )
        return FredProvider(key, pace, root_url=self._settings.fred_url)

    def _treasury(self) -> "TreasuryProvider":
        from services.ingest.providers.treasury import TreasuryProvider

        pace = self._pace("treasury", TREASURY_REQUESTS_A_MINUTE)
        return TreasuryProvider(pace, url=self._settings.treasury_url)

    def _pace(self, provider: str, requests_a_minute: int | None) -> Pace:
        if requests_a_minute is None:
            return Unlimited()
        return SharedPace(self._reserve(provider), requests_a_minute)


def _required(key: SecretStr | None, provider: str, variable: str) -> str:
    if key is None:
        raise Misconfigured(
            f"the provider {provider} needs {variable}: set it, or do not name {provider}"
        )
    return key.get_secret_value()

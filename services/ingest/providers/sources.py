"""Which providers are asked for what, in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.ingest.providers import (
    CorporateActionProvider,
    Coverage,
    OptionQuoteProvider,
    PriceProvider,
    SecurityProvider,
    YieldProvider,
)
from services.ingest.providers.bundled import BundledProvider
from services.ingest.settings import IngestSettings

LIVE_HISTORY = timedelta(days=2 * 365)  # as far back as the smallest plan of a live provider goes


@dataclass(frozen=True)
class Sources:
    """A chain of providers per kind of data: the next is asked for what the ones before it did not have.

    `listed`: those whose whole list of securities is at hand, to be known before anybody asks.
    """

    prices: Sequence[PriceProvider]
    corporate_actions: Sequence[CorporateActionProvider] = ()
    yields: Sequence[YieldProvider] = ()
    securities: Sequence[SecurityProvider] = ()
    listed: Sequence[SecurityProvider] = ()
    option_quotes: Sequence[OptionQuoteProvider] = ()

    def by_kind(self) -> dict[str, list[tuple[str, bool]]]:
        """(name, whether it is asked over the network) of each kind's providers, in order."""
        kinds = ("prices", "corporate_actions", "yields", "securities", "option_quotes")
        return {kind: [(each.name, each.live) for each in getattr(self, kind)] for kind in kinds}

    async def coverage(self, last_closed: date) -> Coverage:
        """The sessions that can be had: up to `last_closed` when a provider of prices is a live one."""
        found = [await provider.coverage() for provider in self.prices]
        files = [each for each in found if each is not None]
        first = [each.first for each in files]
        if len(files) < len(found):
            return Coverage(min([last_closed - LIVE_HISTORY, *first]), last_closed)
        return Coverage(min(first), max(each.last for each in files))


def configured_sources(settings: IngestSettings) -> Sources:
    """The providers that the settings name and give a key for."""
    bundled = BundledProvider(settings.data_directory)
    return Sources(prices=[bundled], yields=[bundled], securities=[bundled], listed=[bundled])

"""What the configured providers list and cover, as far as their files can be read."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from services.ingest.inputs import ConfiguredProvider, SecurityFacts
from services.ingest.providers import ProviderUnavailable
from services.ingest.providers.sources import Sources


async def providers_by_kind(sources: Sources) -> dict[str, list[ConfiguredProvider]]:
    """The providers of each kind of data, in order; those of prices with what their files cover."""
    found = sources.by_kind()
    covered = [await provider.coverage() for provider in sources.prices]
    prices = zip(found["prices"], covered, strict=True)
    return found | {"prices": [replace(each, coverage=days) for each, days in prices]}


async def listed_securities(sources: Sources) -> list[Sequence[SecurityFacts]]:
    """What each provider lists. A file that cannot be read lists nothing; runs report it."""
    found = []
    for provider in sources.listed:
        with suppress(ProviderUnavailable):
            found.append(await provider.securities())
    return found


async def priced_symbols(sources: Sources) -> dict[str, set[str]]:
    """By provider, the symbols that its files have closes of, where files are all there is.

    A live provider is queried for any symbol, so that none needs to be listed.
    """
    if sources.folder is None or any(provider.live for provider in sources.prices):
        return {}
    return {sources.folder.name: await sources.folder.priced()}

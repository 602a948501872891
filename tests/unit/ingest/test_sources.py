"""Who is asked for what follows from the settings and the keys they give."""

from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr

from services.ingest.providers.pace import Reserve
from services.ingest.providers.sources import Sources, configured_sources
from services.ingest.settings import IngestSettings
from shared.errors import Misconfigured

LAST_CLOSED = date(2023, 3, 1)


def slots(_: str) -> Reserve:
    async def at_once(limit: int, window_seconds: float, margin_seconds: float) -> float:
        return 0.0

    return at_once


def chosen(**settings: Any) -> Sources:
    return configured_sources(IngestSettings(**settings), slots)


def names(sources: Sources) -> dict[str, list[str]]:
    return {
        kind: [each.name for each in providers] for kind, providers in sources.by_kind().items()
    }


def test_without_keys_everything_is_bundled_and_nothing_goes_out() -> None:
    sources = chosen()

    assert names(sources) == {
        "prices": ["bundled"],
        "corporate_actions": [],
        "yields": ["bundled"],
        "securities": ["bundled"],
        "option_quotes": [],
    }
    assert not any(each.live for providers in sources.by_kind().values() for each in providers)


def test_keys_put_live_providers_first() -> None:
    sources = chosen(polygon_api_key=SecretStr("a"), fred_api_key=SecretStr("b"))

    assert names(sources)["prices"] == ["polygon", "yahoo", "bundled"]
    assert names(sources)["yields"] == ["fred", "bundled"]
    assert names(sources)["securities"] == ["yahoo", "polygon", "bundled"]
    assert id(sources.prices[0]) == id(
        sources.corporate_actions[0]
    )  # one pace for everything asked of it


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"prices": ("polygon",)}, "POLYGON_API_KEY"),
        ({"yields": ("fred",)}, "FRED_API_KEY"),
        ({"prices": ("csv",)}, "SIGMASIGHT_INGEST_CSV_DIRECTORY"),
    ],
)
def test_a_named_provider_without_what_it_needs_is_refused(
    settings: dict[str, Any], variable: str
) -> None:
    with pytest.raises(Misconfigured, match=variable):
        chosen(**settings)


async def test_live_prices_reach_to_the_last_close_and_files_to_their_end() -> None:
    files, live = chosen(), chosen(polygon_api_key=SecretStr("a"))

    assert (await files.coverage(LAST_CLOSED)).last == date(2022, 12, 28)
    assert (await live.coverage(LAST_CLOSED)).last == LAST_CLOSED
    assert (await live.coverage(LAST_CLOSED)).first == date(2014, 1, 2)

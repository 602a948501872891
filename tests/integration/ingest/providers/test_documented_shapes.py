"""docs/market-data.md against the stand-ins and the CSV provider."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from curl_cffi import requests

from services.ingest.providers.csv_folder import CsvFolderProvider
from tests.wire.client import actions_of, yields_of
from tests.wire.market import KEY, Dividend, Listing, Market, Split
from tests.wire.polygon import option_row, polygon
from tests.wire.yahoo import CRUMB, Quoted, yahoo

TEXT = (Path(__file__).parents[4] / "docs" / "market-data.md").read_text(encoding="utf-8")
SHAPES = re.findall(r"`GET (\S+)`\n\n```json\n(.*?)```", TEXT, re.DOTALL)
FILES = re.findall(r"```csv\n(# (\w+\.csv):.*?)```", TEXT, re.DOTALL)
DAYS = [date(2022, 7, 18), date(2022, 8, 5), date(2022, 12, 27), date(2022, 12, 28)]
EVENTS = (
    Split("AAPL", DAYS[0], 1, 4),
    Dividend("AAPL", DAYS[1], 0.23),
    Split("AAPL", DAYS[2], 1, 4),
    Dividend("AAPL", DAYS[2], 0.23),
)
LISTING = Listing("Apple Inc.", sic="ELECTRONIC COMPUTERS")
MARKET = Market({"AAPL": dict.fromkeys(DAYS, 126.04)}, listings={"AAPL": LISTING}).with_events(
    *EVENTS
)
CHAIN = [
    option_row("AAPL230120C00130000", 1.52, 1.55, datetime(2022, 12, 28, 21, tzinfo=UTC), 126.04)
]


def shape(answer: Any) -> Any:
    """Names and kinds of values; of a list its first element, of numbered names one."""
    if isinstance(answer, dict):
        return {
            "number" if name.isdigit() else name: shape(value) for name, value in answer.items()
        }
    if isinstance(answer, list):
        return [shape(answer[0])] if answer else []
    return (
        "number"
        if isinstance(answer, int | float) and not isinstance(answer, bool)
        else type(answer).__name__
    )


@pytest.mark.parametrize(
    ("path", "documented"), [found for found in SHAPES if found[0].startswith("/")]
)
def test_polygon_answers_as_documented(path: str, documented: str) -> None:
    with polygon(MARKET, chains={"AAPL": CHAIN}).running() as server:
        request = Request(server.url + path, headers={"Authorization": f"Bearer {KEY}"})
        with urlopen(request, timeout=5) as response:
            answer = json.load(response)

    assert shape(answer) == shape(json.loads(documented))


@pytest.mark.parametrize(("url", "documented"), [found for found in SHAPES if "yahoo" in found[0]])
def test_yahoo_answers_as_documented(url: str, documented: str, tmp_path: Path) -> None:
    listed = {"AAPL": [Quoted("AAPL230120C00130000", 1.52, 1.55, 1.55)]}
    with yahoo(MARKET, tmp_path, listed) as (_, connection):
        session: requests.Session[requests.Response] = requests.Session(**connection)
        address = url.replace("crumb=...", f"crumb={CRUMB}")
        answer = json.loads(session.get(address, timeout=5).content)

    assert shape(answer) == shape(json.loads(documented))


async def test_documented_files_are_read_without_a_mistake(tmp_path: Path) -> None:
    for text, file in FILES:
        (tmp_path / file).write_text(text, encoding="utf-8")
    provider = CsvFolderProvider(tmp_path)

    [answer] = [answer async for answer in provider.bars({"AAPL": DAYS, "BRK.B": DAYS})]
    assert len(answer.bars) == 2
    assert len(await yields_of(provider, DAYS[0], DAYS[-1])) == 1
    assert len(await provider.securities()) == 1
    [quoted] = [
        answer async for answer in provider.option_quotes(["AAPL230120C00130000"], DAYS[-1])
    ]
    assert len(quoted.quotes) == 1
    assert len(await actions_of(provider, ["AAPL"], date(2020, 1, 1), DAYS[-1])) == 2


def test_every_shape_and_file_is_found_in_the_document() -> None:
    assert (len(SHAPES), len(FILES)) == (8, 5)

"""The Treasury's provider through a real HTTP client, against a real server that answers as it."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.request import urlopen
from xml.etree import ElementTree

import pytest

from services.ingest.inputs import MATURITY_YEARS
from services.ingest.providers.patience import Patience
from services.ingest.providers.treasury import URL, TreasuryProvider
from services.ingest.settings import IngestSettings
from tests.wire.client import (
    PATIENT,
    Counted,
    assert_as_bundled,
    assert_unavailable,
    patience_with,
    yield_numbers,
    yields_of,
)
from tests.wire.server import NEVER_WHOLE, Reply, StandIn, never_whole
from tests.wire.treasury import PATH, bundled_curves, feed, treasury

LAST = date(2022, 12, 28)
TEXT = (Path(__file__).parents[4] / "docs" / "market-data.md").read_text(encoding="utf-8")


@pytest.fixture
def server() -> Iterator[StandIn]:
    with treasury().running() as stand_in:
        yield stand_in


def provider(
    server: StandIn, pace: Counted | None = None, patience: Patience = PATIENT
) -> TreasuryProvider:
    return TreasuryProvider(pace or Counted(), url=f"{server.url}{PATH}", patience=patience)


async def test_a_calendar_year_of_every_maturity_takes_one_request(server: StandIn) -> None:
    pace = Counted()

    found = await yields_of(provider(server, pace), date(2021, 12, 29), LAST)

    assert sorted(request.query["field_tdr_date_value"] for request in server.requests) == [
        "2021",
        "2022",
    ]
    assert pace.turns == 2
    assert {observation.maturity for observation in found} == set(MATURITY_YEARS)


async def test_yields_equal_those_that_fred_carries(server: StandIn) -> None:
    await assert_as_bundled(provider(server), date(2021, 11, 1), LAST, "treasury")


async def test_each_maturity_has_the_days_queried_for_it_alone(server: StandIn) -> None:
    ranges = {"3M": (LAST, LAST), "10Y": (date(2022, 12, 1), LAST)}

    found = dict([answer async for answer in provider(server).yields(ranges)])

    days = {maturity: len(observations) for maturity, observations in found.items()}
    assert days == {"3M": 1, "10Y": 19}


async def test_a_maturity_that_was_not_issued_is_absent() -> None:
    curves = {LAST: {"10Y": 3.88}}
    with treasury(curves).running() as server:
        found = await yields_of(provider(server), LAST, LAST)

    assert yield_numbers(found) == {("10Y", LAST, 3.88)}


async def test_a_year_without_a_curve_yet_gives_none(server: StandIn) -> None:
    assert await yields_of(provider(server), date(2031, 1, 2), date(2031, 1, 2)) == []


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(429, b"", {"Retry-After": "0"}),
        Reply(503, b"busy"),
        *never_whole(b"<feed/>"),
    ],
    ids=["429", "503", *NEVER_WHOLE],
)
async def test_passing_trouble_is_asked_again(trouble: Reply, server: StandIn) -> None:
    server.instead(trouble)
    pace = Counted()

    found = await yields_of(provider(server, pace, patience_with(trouble)), LAST, LAST)

    assert len(found) == 10
    assert pace.turns == len(server.requests) == 2


ENTITIES = b'<!DOCTYPE feed [<!ENTITY a "aaaaaaaa">]><feed xmlns="http://www.w3.org/2005/Atom"/>'
UNDATED = feed({LAST: {"10Y": 3.88}}).body.replace(b"2022-12-28T", b"today T")


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (Reply(429, b""), "limits our requests (HTTP 429)"),
        (Reply(429, b"", {"Retry-After": "3600"}), "requests a wait of 3600 s"),
        (Reply(500, b""), "fails (HTTP 500)"),
        (Reply(301, b"", {"Location": "https://example.com/"}), "refuses (HTTP 301)"),
        (Reply(404, b"<html/>"), "refuses (HTTP 404)"),
        (Reply(200, b"hello"), "not XML"),
        (Reply(200, b"<feed><entry></feed>"), "broken XML"),
        (Reply(200, b"<html><body/></html>"), "shape"),
        (Reply(200, b"<!DOCTYPE html><html></html>"), "shape"),
        (Reply(200, ENTITIES), "shape"),
        (Reply(200, UNDATED), "shape"),
    ],
)
async def test_lasting_trouble_makes_the_provider_unavailable(
    trouble: Reply, reason: str, server: StandIn
) -> None:
    server.whenever(lambda request: trouble)

    await assert_unavailable(provider(server), LAST, "treasury", reason)


async def test_server_that_is_gone_makes_the_provider_unavailable() -> None:
    gone = TreasuryProvider(Counted(), url="http://127.0.0.1:9/", patience=PATIENT)

    await assert_unavailable(gone, LAST, "treasury", "cannot be reached")


def test_the_stand_in_answers_as_documented() -> None:
    [(url, documented)] = re.findall(
        r"`GET (\S+daily_treasury_yield_curve\S+)`\n\n```xml\n(.*?)```", TEXT, re.DOTALL
    )
    assert url.split("?")[0] == URL == IngestSettings().treasury_url
    curve = {LAST: bundled_curves()[LAST]}
    with treasury(curve).running() as server:
        query = url.split("?")[1]
        with urlopen(f"{server.url}{PATH}?{query}", timeout=5) as response:
            answer = response.read()

    assert tags(answer.decode()) >= tags(documented)


def tags(text: str) -> set[str]:
    return {element.tag for element in ElementTree.fromstring(text.split("?>")[-1]).iter()}

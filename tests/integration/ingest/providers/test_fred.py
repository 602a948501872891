"""FRED's provider through the real client library, against a real server that answers as FRED."""

import logging
import traceback
from collections.abc import Iterator
from datetime import date

import pytest

from services.ingest.providers import ProviderUnavailable
from services.ingest.providers.fred import FredProvider
from services.ingest.providers.patience import Patience
from tests.wire.client import (
    PATIENT,
    Counted,
    assert_as_bundled,
    assert_unavailable,
    patience_with,
    yields_of,
)
from tests.wire.fred import KEY, fred, refusal
from tests.wire.server import NEVER_WHOLE, Reply, StandIn, never_whole

LAST = date(2022, 12, 28)


@pytest.fixture
def server() -> Iterator[StandIn]:
    with fred().running() as stand_in:
        yield stand_in


def provider(
    server: StandIn,
    pace: Counted | None = None,
    key: str = KEY,
    url: str | None = None,
    patience: Patience = PATIENT,
) -> FredProvider:
    return FredProvider(
        key, pace or Counted(), root_url=url or f"{server.url}/fred", patience=patience
    )


async def test_ten_maturities_take_ten_requests_for_any_range(server: StandIn) -> None:
    pace = Counted()

    found = await yields_of(provider(server, pace), date(2021, 12, 29), LAST)

    assert (len(server.requests), pace.turns) == (10, 10)
    assert {observation.maturity for observation in found} == {
        "1M", "3M", "6M", "1Y", "2Y", "5Y", "7Y", "10Y", "20Y", "30Y",
    }  # fmt: skip
    assert {request.query["series_id"] for request in server.requests} >= {
        "DGS3MO",
        "DGS2",
        "DGS10",
        "DGS30",
    }


async def test_only_the_maturities_asked_for_are_requested(server: StandIn) -> None:
    ranges = {"3M": (LAST, LAST), "10Y": (date(2022, 12, 1), LAST)}

    found = dict([answer async for answer in provider(server).yields(ranges)])

    starts = {
        request.query["series_id"]: request.query["observation_start"]
        for request in server.requests
    }
    assert starts == {"DGS3MO": "2022-12-28", "DGS10": "2022-12-01"}
    assert {maturity: len(observations) for maturity, observations in found.items()} == {
        "3M": 1,
        "10Y": 19,
    }


async def test_yields_equal_those_bundled_from_the_same_source(server: StandIn) -> None:
    await assert_as_bundled(provider(server), date(2022, 11, 1), LAST, "fred")


async def test_holidays_are_absent(server: StandIn) -> None:
    christmas_monday = date(2022, 12, 26)

    found = await yields_of(provider(server), date(2022, 12, 23), date(2022, 12, 27))
    holiday = await yields_of(provider(server), christmas_monday, christmas_monday)

    assert {o.observation_date for o in found} == {date(2022, 12, 23), date(2022, 12, 27)}
    assert holiday == []


@pytest.mark.parametrize(
    "trouble",
    [
        refusal(429, "Too Many Requests.", Retry_After="0"),
        refusal(500, "Internal Server Error"),
        Reply(503, b"busy"),
        Reply(200, b"<observations><observation"),
        *never_whole(b"<observations/>"),
    ],
    ids=["429", "500", "503", "cut", *NEVER_WHOLE],
)
async def test_passing_trouble_is_asked_again(trouble: Reply, server: StandIn) -> None:
    server.instead(trouble)
    pace = Counted()

    found = await yields_of(provider(server, pace, patience=patience_with(trouble)), LAST, LAST)

    assert len(found) == 10
    assert len(server.requests) == 11 or patience_with(trouble) is not PATIENT
    assert pace.turns >= 11


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (refusal(429, "Too Many Requests."), "limits our requests (HTTP 429)"),
        (refusal(429, "Too Many Requests.", Retry_After="3600"), "requests a wait of 3600 s"),
        (refusal(500, "Internal Server Error"), "fails (HTTP 500)"),
        (refusal(400, "Bad Request.  The series does not exist."), "The series does not exist."),
        (Reply(404, b"nothing"), "refuses (HTTP 404)"),
        (Reply(200, b"hello"), "not XML"),
        (
            Reply(200, b'<observations><observation date="2022-12-28" value="x"/></observations>'),
            "shape",
        ),
        (Reply(200, b"<html><body/></html>"), "shape"),
    ],
)
async def test_lasting_trouble_makes_the_provider_unavailable(
    trouble: Reply, reason: str, server: StandIn
) -> None:
    server.whenever(lambda request: trouble)

    await assert_unavailable(provider(server), LAST, "fred", reason)


async def test_server_that_is_gone_makes_the_provider_unavailable(server: StandIn) -> None:
    gone = provider(server, url="http://127.0.0.1:9/fred")

    await assert_unavailable(gone, LAST, "fred", "cannot be reached")


async def test_key_never_comes_out(
    server: StandIn, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "feedfacefeedfacefeedfacefeedface"
    server.whenever(
        lambda request: refusal(400, f"The value {request.query['api_key']} is not registered.")
    )
    asked = provider(server, key=secret)

    with pytest.raises(ProviderUnavailable) as raised:
        await yields_of(asked, LAST, LAST)

    assert server.requests[0].query["api_key"] == secret
    assert "The value *** is not registered." in raised.value.reason
    printed = capsys.readouterr()
    chain = "".join(traceback.format_exception(raised.value))
    everything = [caplog.text, repr(asked), repr(raised.value), chain, printed.out, printed.err]
    assert all(secret not in text for text in everything)


async def test_wrong_key_is_said_in_a_sentence(server: StandIn) -> None:
    await assert_unavailable(
        provider(server, key="f" * 32), LAST, "fred", "api_key is not registered"
    )

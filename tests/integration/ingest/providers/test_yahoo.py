"""Yahoo's provider through the real yfinance and curl, against a stand-in TLS server."""

import asyncio
import json
import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from services.ingest.inputs import Bar
from services.ingest.providers import Answer, ProviderUnavailable, QuoteAnswer
from services.ingest.providers.yahoo import YahooProvider
from shared.calendar import sessions
from tests.wire.client import PATIENT, Counted, actions_of, patience_with
from tests.wire.market import Dividend, Listing, Market, Split, bundled_market
from tests.wire.server import Reply, Request, StandIn, as_json
from tests.wire.yahoo import Quoted, data_paths, missing, yahoo

LAST = date(2022, 12, 28)
YEAR = sessions(date(2021, 12, 29), LAST)
MONTH = YEAR[-21:]


Asked = tuple[YahooProvider, StandIn, Counted]


@contextmanager
def asking(market: Market, directory: Path) -> Iterator[Asked]:
    with yahoo(market, directory) as (server, connection):
        pace = Counted()
        yield YahooProvider(pace, patience=PATIENT, connection=connection), server, pace


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    with asking(bundled_market(), tmp_path) as found:
        yield found


async def answers(provider: YahooProvider, missing: Mapping[str, Collection[date]]) -> list[Answer]:
    return [answer async for answer in provider.bars(missing)]


async def bars(provider: YahooProvider, missing: Mapping[str, Collection[date]]) -> list[Bar]:
    return [bar for answer in await answers(provider, missing) for bar in answer.bars]


async def test_missing_sessions_come_and_no_others(asked: Asked) -> None:
    provider, server, pace = asked
    wanted = {"SPY": MONTH, "QUAL": [MONTH[0], MONTH[5]]}

    found = await bars(provider, wanted)

    assert {(bar.symbol, bar.session_date) for bar in found} == {
        (s, day) for s, days in wanted.items() for day in days
    }
    assert {bar.source for bar in found} == {"yahoo"}
    assert pace.turns == len(server.requests)


async def test_a_known_symbol_takes_one_request(asked: Asked) -> None:
    provider, server, _ = asked
    await bars(provider, {"SPY": MONTH})
    before = len(server.requests)

    await bars(provider, {"SPY": YEAR})

    assert server.paths()[before:] == ["/v8/finance/chart/SPY"]


async def test_closes_are_the_decimals_that_were_meant(tmp_path: Path) -> None:
    held = Market({"AAPL": dict(zip(MONTH, [130.03, 0.0123, 3783.22, 25.5] * 6, strict=False))})
    with asking(held, tmp_path) as (provider, _, _):
        found = await bars(provider, {"AAPL": MONTH[:4]})

    assert [bar.close for bar in found] == [
        Decimal("130.03"),
        Decimal("0.0123"),
        Decimal("3783.22"),
        Decimal("25.5"),
    ]
    assert {bar.close_basis for bar in found} == {"raw"}


SPLIT_DAY, EX_DAY = MONTH[10], MONTH[5]


def split_market() -> Market:
    """At 400 before a four for one, then at 100; dividends of 2.00 per old share, 0.50 per new."""
    closes = {day: 400.0 if day < SPLIT_DAY else 100.0 for day in MONTH}
    return Market({"AAPL": closes}).with_events(
        Split("AAPL", SPLIT_DAY, 1, 4),
        Dividend("AAPL", EX_DAY, 2.0),
        Dividend("AAPL", MONTH[15], 0.5),
    )


async def test_splits_are_undone_in_closes_and_kept_in_adjusted_ones(tmp_path: Path) -> None:
    with asking(split_market(), tmp_path) as (provider, _, _):
        found = {
            bar.session_date: bar
            for bar in await bars(provider, {"AAPL": [MONTH[0], MONTH[9], LAST]})
        }

    assert [found[day].close for day in (MONTH[0], MONTH[9], LAST)] == [400, 400, 100]
    later = 1 - 0.5 / 100
    assert found[MONTH[9]].adjusted_close == pytest.approx(100 * later)
    assert found[MONTH[0]].adjusted_close == pytest.approx(100 * later * (1 - 2.0 / 400))


async def test_closes_before_a_split_after_the_last_missing_session_are_undone_too(
    tmp_path: Path,
) -> None:
    with asking(split_market(), tmp_path) as (provider, _, _):
        [bar] = await bars(provider, {"AAPL": [MONTH[0]]})

    assert bar.close == 400


async def test_corporate_actions_are_per_share_as_it_was_then(tmp_path: Path) -> None:
    with asking(split_market(), tmp_path) as (provider, _, _):
        found = await actions_of(provider, ["AAPL", "NOSUCH"], MONTH[0], MONTH[10])

    assert {(action.kind, action.ex_date, action.value) for action in found} == {
        ("split", SPLIT_DAY, Decimal(4)),
        ("dividend", EX_DAY, Decimal(2)),
    }


async def test_unknown_symbol_is_settled_after_one_request(asked: Asked) -> None:
    provider, server, _ = asked

    [answer] = await answers(provider, {"NOSUCH": MONTH})

    assert (list(answer.bars), set(answer.settled)) == ([], {"NOSUCH"})
    assert data_paths(server) == ["/v8/finance/chart/NOSUCH"]


async def test_symbol_without_data_in_the_range_is_settled(asked: Asked) -> None:
    provider, server, _ = asked
    server.whenever(
        lambda request: (
            missing("chart", "Data doesn't exist for startDate = 1, endDate = 2", 400)
            if "period1" in request.query
            else None
        )
    )

    [answer] = await answers(provider, {"SPY": MONTH})

    assert (list(answer.bars), set(answer.settled)) == ([], {"SPY"})


async def test_symbols_and_indices_are_spelled_their_way(tmp_path: Path) -> None:
    held = Market({"BRK.B": {LAST: 306.5}, "SPX": {LAST: 3783.22}, "VIX": {LAST: 22.14}})
    with asking(held, tmp_path) as (provider, _, _):
        found = await bars(provider, {symbol: [LAST] for symbol in held.closes})

    assert {bar.symbol for bar in found} == {"BRK.B", "SPX", "VIX"}


def of_data(reply: Reply, times: int = 1000) -> object:
    """Give a reply to the next requests for data."""
    left = [reply] * times
    return lambda request: left.pop() if "/finance/" in request.path and left else None


@pytest.mark.parametrize(
    "trouble",
    [
        as_json({}, 429, Retry_After="0"),
        as_json({}, 500),
        Reply(502, b"<html>Bad Gateway</html>"),
        Reply(200, b""),
        Reply(200, b"Will be right back"),
        Reply(200, b'{"chart": {"result"'),
        Reply(200, b'{"chart"', promised_bytes=400),
    ],
    ids=["429", "500", "502", "empty", "html", "cut", "broken off"],
)
async def test_passing_trouble_is_asked_again(trouble: Reply, asked: Asked) -> None:
    provider, server, pace = asked
    server.whenever(of_data(trouble, 2))  # type: ignore[arg-type]

    found = await bars(provider, {"SPY": [LAST]})

    assert [bar.symbol for bar in found] == ["SPY"]
    assert pace.turns == len(server.requests)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (as_json({}, 429, Retry_After="0"), "limits our requests (HTTP 429)"),
        (as_json({}, 429, Retry_After="3600"), "requests a wait of 3600 s"),
        (as_json({}, 500), "fails (HTTP 500)"),
        (Reply(403, b"Forbidden"), "refuses (HTTP 403)"),
        (Reply(404, b"<html>Not Found</html>"), "refuses (HTTP 404)"),
        (Reply(200, b"<html>"), "not its data"),
        (
            as_json({"chart": {"result": None, "error": {"code": "Internal", "description": "x"}}}),
            "Internal: x",
        ),
        (as_json({"chart": {"result": [{"meta": {}}], "error": None}}), "shape"),
        (Reply(200, b"{}", silence_seconds=1.7), "does not answer in time"),
    ],
)
async def test_lasting_trouble_makes_the_provider_unavailable(
    trouble: Reply, reason: str, asked: Asked
) -> None:
    given, server, _ = asked
    provider = YahooProvider(
        Counted(), patience=patience_with(trouble), connection=given._connection
    )
    server.whenever(of_data(trouble))  # type: ignore[arg-type]

    with pytest.raises(ProviderUnavailable) as raised:
        await bars(provider, {"SPY": [LAST]})

    assert reason in raised.value.reason
    assert raised.value.provider == "yahoo"


async def test_outage_makes_the_provider_unavailable_and_no_symbol_unknown(tmp_path: Path) -> None:
    with yahoo(bundled_market(), tmp_path) as (_, connection):
        provider = YahooProvider(Counted(), patience=PATIENT, connection=connection)

    with pytest.raises(ProviderUnavailable, match="cannot be reached"):
        await bars(provider, {"MTUM": [LAST]})


async def test_certificate_of_a_stranger_is_not_trusted(asked: Asked) -> None:
    _, server, _ = asked
    options = {**asked[0]._connection, "verify": True}

    with pytest.raises(ProviderUnavailable, match="cannot be trusted"):
        await bars(YahooProvider(Counted(), patience=PATIENT, connection=options), {"USMV": [LAST]})
    assert data_paths(server) == []


async def test_cookies_may_fail_without_harm(asked: Asked) -> None:
    provider, server, _ = asked
    server.whenever(lambda request: None if "/finance/" in request.path else Reply(500, b""))

    assert len(await bars(provider, {"SPY": MONTH})) == len(MONTH)


async def test_facts_have_gics_sectors_kinds_and_continuous_yields(tmp_path: Path) -> None:
    listings = {
        "AAPL": Listing("Apple Inc.", sector="Technology", industry="Consumer Electronics"),
        "JPM": Listing(
            "JPMorgan Chase & Co.", sector="Financial Services", industry="Banks - Diversified"
        ),
        "XOM": Listing("Exxon Mobil Corporation", sector="Energy", industry="Oil & Gas Integrated"),
        "SPY": Listing("SPDR S&P 500 ETF Trust", yahoo_type="ETF"),
        "VFIAX": Listing("Vanguard 500 Index Fund", yahoo_type="MUTUALFUND"),
    }
    held = Market({symbol: {LAST: 1.0} for symbol in listings}, listings=listings)
    with asking(held, tmp_path) as (provider, server, _):
        found = {facts.symbol: facts for facts in await provider.securities([*listings, "NOSUCH"])}

    assert len(data_paths(server)) == 2 * len(listings) + 1
    assert {(f.symbol, f.kind, f.sector, f.industry) for f in found.values()} == {
        ("AAPL", "stock", "Information Technology", "Consumer Electronics"),
        ("JPM", "stock", "Financials", "Banks - Diversified"),
        ("XOM", "stock", "Energy", "Oil & Gas Integrated"),
        ("SPY", "etf", None, None),
        ("VFIAX", "fund", None, None),
    }
    assert found["AAPL"].name == "Apple Inc."
    assert found["AAPL"].dividend_yield == pytest.approx(math.log(1.0068))


async def test_everything_is_not_listed(asked: Asked) -> None:
    provider, server, _ = asked

    assert await provider.securities() == []
    assert server.requests == []


CALL, PUT, FAR = "AAPL230120C00130000", "AAPL230120P00120000", "AAPL230317P00120000"
CHAINS = {
    "AAPL": [
        Quoted(CALL, 1.52, 1.55, 1.55),
        Quoted(PUT, 0.0, 0.0, 1.1),
        Quoted("AAPL1230120C00130000", 1.5, 1.6, 1.5),
        Quoted(FAR, 4.1, 4.2, 4.15),
    ],
    "SPX": [Quoted("SPXW230120C03800000", 60.0, 61.0, 60.5)],
}
EVENING = datetime(2022, 12, 28, 22, tzinfo=UTC)


@contextmanager
def quoting(directory: Path, now: datetime = EVENING) -> Iterator[tuple[YahooProvider, StandIn]]:
    market = Market({"AAPL": {LAST: 126.04}, "SPX": {LAST: 3783.22}, "KO": {LAST: 63.0}})
    with yahoo(market, directory, CHAINS) as (server, connection):
        yield (
            YahooProvider(Counted(), patience=PATIENT, connection=connection, now=lambda: now),
            server,
        )


async def quotes(
    provider: YahooProvider, contracts: Collection[str], day: date = LAST
) -> list[QuoteAnswer]:
    return [answer async for answer in provider.option_quotes(contracts, day)]


async def test_quotes_of_what_is_held_are_those_of_the_session(tmp_path: Path) -> None:
    with quoting(tmp_path) as (provider, server):
        [answer] = await quotes(provider, [CALL])

    [quote] = answer.quotes
    assert (quote.contract, quote.session_date) == (CALL, LAST)
    assert (quote.bid, quote.ask, quote.last) == (
        Decimal("1.52"),
        Decimal("1.55"),
        Decimal("1.55"),
    )
    assert (quote.underlying_price, quote.source) == (Decimal("126.04"), "yahoo")
    assert data_paths(server) == ["/v7/finance/options/AAPL"] * 2


async def test_each_expiry_and_underlying_is_requested_apart(tmp_path: Path) -> None:
    held = [CALL, FAR, "SPXW230120C03800000"]
    with quoting(tmp_path) as (provider, server):
        answers = await quotes(provider, held)

    assert {quote.contract for answer in answers for quote in answer.quotes} == set(held)
    assert sorted(set(data_paths(server))) == [
        "/v7/finance/options/%5ESPX",
        "/v7/finance/options/AAPL",
    ]


async def test_zeros_of_the_night_are_no_quotes(tmp_path: Path) -> None:
    with quoting(tmp_path) as (provider, _):
        [answer] = await quotes(provider, [PUT])

    assert (list(answer.quotes), set(answer.settled)) == ([], {PUT})


@pytest.mark.parametrize(
    "contract", ["AAPL230616C00130000", "KO230120C00060000", "NOSUCH230120C00060000"]
)
async def test_contracts_that_are_not_listed_are_settled_without_a_quote(
    contract: str, tmp_path: Path
) -> None:
    with quoting(tmp_path) as (provider, _):
        [answer] = await quotes(provider, [contract])

    assert (list(answer.quotes), set(answer.settled)) == ([], {contract})


async def test_quotes_of_the_next_session_are_not_those_of_the_one_before(tmp_path: Path) -> None:
    next_day = datetime(2022, 12, 29, 15, tzinfo=UTC)
    with quoting(tmp_path, next_day) as (provider, server):
        server.whenever(
            lambda request: later(server, request) if "/options/" in request.path else None
        )
        [answer] = await quotes(provider, [CALL])

    assert (list(answer.quotes), set(answer.settled)) == ([], {CALL})


def later(server: StandIn, request: Request) -> Reply:
    """The chain with a trade of the underlying in the next session."""
    reply = server._answer(request)
    found = json.loads(reply.body)
    for result in found["optionChain"]["result"] or ():
        result["quote"]["regularMarketTime"] += 86_400
    return as_json(found, reply.status)


async def test_older_sessions_cost_no_request(tmp_path: Path) -> None:
    with quoting(tmp_path) as (provider, server):
        assert await quotes(provider, [CALL], MONTH[5]) == []

    assert server.requests == []


async def test_lasting_trouble_with_chains_makes_the_provider_unavailable(tmp_path: Path) -> None:
    with quoting(tmp_path) as (provider, server):
        server.whenever(of_data(as_json({}, 429, Retry_After="0")))  # type: ignore[arg-type]
        with pytest.raises(ProviderUnavailable, match="limits our requests"):
            await quotes(provider, [CALL])


async def test_a_chain_has_what_is_listed_for_the_expiry_chosen(tmp_path: Path) -> None:
    with quoting(tmp_path) as (provider, _):
        chain = await provider.option_chain("AAPL", max)
        none = await provider.option_chain("KO", max)

    assert none is None
    assert chain is not None
    assert (chain.expiry, chain.session_date) == (date(2023, 3, 17), LAST)
    assert [each.contract.symbol for each in chain.options] == [FAR]


async def test_closes_and_actions_of_a_symbol_come_in_one_request(tmp_path: Path) -> None:
    with asking(split_market(), tmp_path) as (provider, server, _):
        actions = await actions_of(provider, ["AAPL", "NOSUCH"], MONTH[5], LAST)
        found = await bars(provider, {"AAPL": MONTH[6:], "NOSUCH": MONTH})
        earlier = await bars(provider, {"AAPL": MONTH})

    assert len(actions) == 3
    assert [bar.session_date for bar in found] == MONTH[6:]
    assert [bar.session_date for bar in earlier] == MONTH
    assert sorted(data_paths(server)) == ["/v8/finance/chart/AAPL", "/v8/finance/chart/NOSUCH"]


async def test_questions_at_once_about_a_symbol_take_one_request(tmp_path: Path) -> None:
    with asking(split_market(), tmp_path) as (provider, server, _):
        await asyncio.gather(*(bars(provider, {"AAPL": MONTH[at:]}) for at in range(4)))

    assert data_paths(server) == ["/v8/finance/chart/AAPL"]


@pytest.mark.parametrize(
    ("later", "requests"),
    [(timedelta(minutes=9), 1), (timedelta(minutes=11), 2)],
)
async def test_an_answer_is_used_for_ten_minutes(
    later: timedelta, requests: int, tmp_path: Path
) -> None:
    moments = [EVENING]
    with yahoo(split_market(), tmp_path) as (server, connection):
        provider = YahooProvider(
            Counted(), patience=PATIENT, connection=connection, now=lambda: moments[-1]
        )
        await bars(provider, {"AAPL": MONTH})
        moments.append(EVENING + later)
        await bars(provider, {"AAPL": MONTH})

    assert len(data_paths(server)) == requests


async def test_an_answer_from_before_the_close_is_not_the_close(tmp_path: Path) -> None:
    moments = [datetime(2022, 12, 28, 20, 59, tzinfo=UTC)]
    with yahoo(split_market(), tmp_path) as (server, connection):
        provider = YahooProvider(
            Counted(), patience=PATIENT, connection=connection, now=lambda: moments[-1]
        )
        await bars(provider, {"AAPL": MONTH[:-1]})
        moments.append(datetime(2022, 12, 28, 21, 1, tzinfo=UTC))
        await bars(provider, {"AAPL": MONTH})
        await bars(provider, {"AAPL": MONTH})

    assert len(data_paths(server)) == 2


async def test_closes_from_long_before_are_requested(tmp_path: Path) -> None:
    with asking(bundled_market(), tmp_path) as (provider, server, _):
        await bars(provider, {"SPY": MONTH})
        found = await bars(provider, {"SPY": YEAR})

    assert [bar.session_date for bar in found] == YEAR
    assert data_paths(server) == ["/v8/finance/chart/SPY"] * 2

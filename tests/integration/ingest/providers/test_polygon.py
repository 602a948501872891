"""Polygon's provider through the real client library, against a stand-in server."""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.ingest.inputs import Bar
from services.ingest.providers import Answer, NotInPlan, ProviderUnavailable, QuoteAnswer
from services.ingest.providers.patience import Patience
from services.ingest.providers.polygon import PolygonProvider
from shared.calendar import sessions
from tests.wire.client import PATIENT, Counted, actions_of, patience_with
from tests.wire.market import KEY, Dividend, Listing, Market, Split, bundled_market, made_up_market
from tests.wire.polygon import NOT_ENTITLED, UNKNOWN_KEY, option_row, polygon
from tests.wire.server import NEVER_WHOLE, Reply, Request, StandIn, as_json, never_whole

LAST = date(2022, 12, 28)
YEAR = sessions(date(2021, 12, 29), LAST)
BRK = {"BRK.B": {LAST: 306.5}}


@pytest.fixture(scope="module")
def market() -> Market:
    return bundled_market()


@pytest.fixture(autouse=True, params=["massive", "polygon"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library that is used, and the same under its old name: a change must be one line."""
    monkeypatch.setattr(PolygonProvider, "library", request.param)


@pytest.fixture
def server(market: Market) -> Iterator[StandIn]:
    with polygon(market).running() as stand_in:
        yield stand_in


def provider(
    server: StandIn,
    pace: Counted | None = None,
    url: str | None = None,
    patience: Patience = PATIENT,
) -> PolygonProvider:
    return PolygonProvider(
        KEY,
        pace or Counted(),
        base_url=url or server.url,
        patience=patience,
        now=lambda: datetime(2022, 12, 28, 21, 30, tzinfo=UTC),
    )


async def answers(asked: PolygonProvider, missing: Mapping[str, Collection[date]]) -> list[Answer]:
    return [answer async for answer in asked.bars(missing)]


async def bars(asked: PolygonProvider, missing: Mapping[str, Collection[date]]) -> list[Bar]:
    return [bar for answer in await answers(asked, missing) for bar in answer.bars]


async def test_thirty_symbols_of_a_year_take_thirty_requests(
    server: StandIn, market: Market
) -> None:
    book = dict.fromkeys(sorted(market.closes)[:30], YEAR)
    pace = Counted()

    found = await bars(provider(server, pace), book)

    assert (len(YEAR), len(server.requests), pace.turns) == (252, 30, 30)
    assert {(bar.symbol, bar.session_date) for bar in found} == {
        (s, day) for s in book for day in YEAR
    }
    assert all(request.query["adjusted"] == "false" for request in server.requests)


async def test_one_session_of_every_symbol_takes_one_request(
    server: StandIn, market: Market
) -> None:
    found = await answers(provider(server), {symbol: [LAST] for symbol in market.closes})

    assert server.paths() == ["/v2/aggs/grouped/locale/us/market/stocks/2022-12-28"]
    assert {bar.symbol for bar in found[0].bars} == found[0].settled == set(market.closes)


async def test_closes_are_raw_exact_and_say_their_source(server: StandIn, market: Market) -> None:
    [bar] = await bars(provider(server), {"AAPL": [LAST]})

    close = market.closes["AAPL"][LAST]
    assert bar == Bar("AAPL", LAST, Decimal(str(close)), close, "raw", "polygon")


async def test_grouped_and_single_bars_fall_on_the_same_session(server: StandIn) -> None:
    single = await bars(provider(server), {"AAPL": YEAR[-3:]})
    whole = await bars(provider(server), {"AAPL": [LAST], "MSFT": [LAST]})

    assert [bar for bar in whole if bar.symbol == "AAPL"] == [
        bar for bar in single if bar.session_date == LAST
    ]


async def test_pages_are_followed_to_the_end_each_in_its_turn(market: Market) -> None:
    pace = Counted()
    with polygon(market, page=100).running() as server:
        found = await bars(provider(server, pace), {"AAPL": YEAR})

    assert {bar.session_date for bar in found} == set(YEAR)
    assert (len(server.requests), pace.turns) == (3, 3)
    assert all(KEY not in str(request.query) for request in server.requests)


async def test_symbols_are_spelled_their_way_and_come_back_ours() -> None:
    with polygon(Market(BRK | {"BAC.PRL": {LAST: 1150.0}})).running() as server:
        found = await bars(
            provider(server), {"BRK.B": [LAST], "BAC.PRL": [LAST], "BRK.A": [LAST, YEAR[0]]}
        )

    assert {bar.symbol for bar in found} == {"BRK.B", "BAC.PRL"}


async def test_unknown_symbol_is_settled_without_bars(server: StandIn) -> None:
    [answer] = await answers(provider(server), {"NOSUCH": YEAR})

    assert (list(answer.bars), set(answer.settled)) == ([], {"NOSUCH"})


async def test_symbols_settle_when_their_last_session_was_asked(
    server: StandIn, market: Market
) -> None:
    most = sorted(market.closes)[:20]

    found = await answers(provider(server), dict.fromkeys(most, YEAR[-2:]) | {"XOM": YEAR[-1:]})

    assert sorted(symbol for answer in found for symbol in answer.settled) == sorted({*most, "XOM"})
    assert len(found) == 2


@pytest.mark.parametrize(
    "trouble",
    [
        as_json({}, 429, Retry_After="0"),
        as_json({"status": "ERROR"}, 500),
        Reply(503, b"<html>busy</html>"),
        Reply(200, b'{"status": "OK", "results": [{"c": 1'),
        Reply(200, b"<html>hello</html>"),
        *never_whole(b'{"status": "OK"}'),
    ],
    ids=["429", "500", "503", "cut", "html", *NEVER_WHOLE],
)
async def test_passing_trouble_is_asked_again(trouble: Reply, server: StandIn) -> None:
    server.instead(trouble)
    pace = Counted()

    found = await bars(provider(server, pace, patience=patience_with(trouble)), {"AAPL": [LAST]})

    assert [bar.symbol for bar in found] == ["AAPL"]
    assert len(server.requests) == 2 or patience_with(trouble) is not PATIENT
    assert pace.turns >= 2


@pytest.mark.parametrize(
    ("trouble", "reason", "requests"),
    [
        (as_json({}, 429, Retry_After="0"), "limits our requests (HTTP 429)", 3),
        (as_json({}, 429, Retry_After="3600"), "requests a wait of 3600 s", 1),
        (as_json({}, 500), "fails (HTTP 500)", 3),
        (Reply(200, b""), "not a JSON object", 3),
        (Reply(200, b"{,}"), "broken JSON", 1),
        (as_json({"status": "ERROR"}), "status 'ERROR'", 1),
        (as_json({"status": "OK", "results": [7]}), "shape", 1),
        (as_json({"status": "OK", "results": [{"c": 1.0}]}), "shape", 1),
        (UNKNOWN_KEY, "Unknown API Key", 1),
        (NOT_ENTITLED, "You are not entitled", 1),
        (Reply(302, b"", {"Location": "http://127.0.0.1:9/"}), "HTTP 302", 1),
    ],
)
async def test_lasting_trouble_makes_the_provider_unavailable(
    trouble: Reply, reason: str, requests: int, server: StandIn
) -> None:
    server.whenever(lambda request: trouble)

    with pytest.raises(ProviderUnavailable) as raised:
        await bars(provider(server), {"AAPL": [LAST]})

    assert reason in raised.value.reason
    assert (raised.value.provider, len(server.requests)) == ("polygon", requests)


async def test_server_that_is_gone_makes_the_provider_unavailable(server: StandIn) -> None:
    with pytest.raises(ProviderUnavailable, match="cannot be reached"):
        await bars(provider(server, url="http://127.0.0.1:9"), {"AAPL": [LAST]})


async def until_unavailable(
    asked: PolygonProvider, missing: Mapping[str, Collection[date]]
) -> list[Answer]:
    found = []
    try:
        async for answer in asked.bars(missing):
            found.append(answer)  # noqa: PERF401 - what came before the error is the point
    except ProviderUnavailable:
        return found
    raise AssertionError("the provider stayed available")


async def test_everything_answered_before_a_failure_is_given(
    server: StandIn, market: Market
) -> None:
    book = sorted(market.closes)[:20]
    server.whenever(lambda request: UNKNOWN_KEY if f"/{book[10]}/" in request.path else None)

    found = await until_unavailable(provider(server), dict.fromkeys(book, YEAR))

    settled = {symbol for answer in found for symbol in answer.settled}
    assert set(book[:10]) <= settled
    assert {bar.symbol for answer in found for bar in answer.bars} == settled
    assert len(server.requests) == len(found) + 1


async def test_refused_indices_do_not_keep_the_others() -> None:
    held = Market({"AAPL": {LAST: 126.04}, "SPX": {LAST: 3783.22}})
    with polygon(held).running() as server:
        server.whenever(lambda request: NOT_ENTITLED if "I:" in request.path else None)
        [answer] = await until_unavailable(provider(server), {"SPX": [LAST], "AAPL": [LAST]})
        with pytest.raises(NotInPlan):
            await bars(provider(server), {"SPX": [LAST]})

    assert [bar.symbol for bar in answer.bars] == ["AAPL"]


async def test_a_session_of_the_whole_market_does_not_settle_an_index() -> None:
    stocks = {f"S{number}": {LAST: 10.0} for number in range(3)}
    with polygon(Market(stocks | {"SPX": {LAST: 3783.22}})).running() as server:
        found = await bars(provider(server), {symbol: [LAST] for symbol in (*stocks, "SPX")})

    assert {bar.symbol for bar in found} == {*stocks, "SPX"}
    assert len(server.requests) == 2


async def test_impossible_closes_are_passed_on_to_be_judged() -> None:
    with polygon(Market({"A": {LAST: -1.0}, "B": {LAST: float("nan")}})).running() as server:
        found = {
            bar.symbol: bar for bar in await bars(provider(server), {"A": [LAST], "B": [LAST]})
        }

    assert found["A"].close == -1
    assert found["B"].close.is_nan()
    assert found["B"].adjusted_close != found["B"].adjusted_close


async def test_key_goes_in_the_header_and_never_comes_out(
    server: StandIn, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.whenever(
        lambda request: as_json({"status": "ERROR", "error": f"Unknown API Key {KEY}"}, 401)
    )
    asked = provider(server)

    with pytest.raises(ProviderUnavailable) as raised:
        await bars(asked, {"AAPL": [LAST]})

    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert "***" in raised.value.reason
    printed = capsys.readouterr()
    everything = [
        caplog.text,
        repr(asked),
        repr(raised.value),
        str(raised.value),
        printed.out,
        printed.err,
    ]
    assert all(KEY not in text for text in everything)
    assert all(KEY not in str(request.query) + request.path for request in server.requests)


async def test_event_loop_runs_on_while_the_client_waits(server: StandIn) -> None:
    server.instead(Reply(200, b'{"status": "OK"}', silence_seconds=0.3))
    asking = asyncio.ensure_future(bars(provider(server), {"AAPL": [LAST]}))
    turns = 0
    while not asking.done():
        await asyncio.sleep(0.01)
        turns += 1

    assert turns >= 3
    assert await asking == []


async def test_endless_pages_are_stopped(server: StandIn) -> None:
    def endless(request: Request) -> Reply:
        return as_json(
            {
                "status": "OK",
                "results": [],
                "next_url": f"https://api.polygon.io{request.path}?cursor=e30=",
            }
        )

    server.whenever(endless)

    with pytest.raises(ProviderUnavailable, match="do not end"):
        await provider(server).securities()


async def test_five_thousand_symbols_of_a_session_arrive_in_one_answer() -> None:
    with polygon(made_up_market(5000, [LAST])).running() as server:
        [answer] = await answers(provider(server), {f"S{number}": [LAST] for number in range(5000)})

    assert (len(answer.bars), len(answer.settled), len(server.requests)) == (5000, 5000, 1)


SPLIT_DAY, EX_DAY = date(2022, 7, 18), date(2022, 8, 5)
EVENTS = (
    Split("AAPL", SPLIT_DAY, 1, 4),
    Split("MSFT", date(2022, 6, 6), 8, 1),
    Dividend("AAPL", EX_DAY, 0.23),
    Dividend("AAPL", EX_DAY, 0.31, "CAD"),
    Dividend("MSFT", date(2022, 8, 17), 0.62),
)


async def test_splits_and_dividends_come_by_ex_date(market: Market) -> None:
    with polygon(market.with_events(*EVENTS)).running() as server:
        found = await actions_of(provider(server), ["AAPL"], YEAR[0], LAST)

    assert [(a.symbol, a.ex_date, a.kind, a.value, a.source) for a in found] == [
        ("AAPL", SPLIT_DAY, "split", Decimal(4), "polygon"),
        ("AAPL", EX_DAY, "dividend", Decimal("0.23"), "polygon"),
    ]
    assert {request.query["ticker"] for request in server.requests} == {"AAPL"}


async def test_special_dividend_adds_to_the_regular_one_of_its_day(market: Market) -> None:
    paid = [Dividend("AAPL", EX_DAY, 0.23), Dividend("AAPL", EX_DAY, 1.0)]
    with polygon(market.with_events(*paid)).running() as server:
        [action] = await actions_of(provider(server), ["AAPL"], EX_DAY, EX_DAY)

    assert action.value == Decimal("1.23")


async def test_reverse_split_is_a_fraction_and_the_range_is_kept(market: Market) -> None:
    with polygon(market.with_events(*EVENTS)).running() as server:
        found = await actions_of(provider(server), ["MSFT"], YEAR[0], date(2022, 8, 16))

    assert [(action.kind, action.value) for action in found] == [("split", Decimal("0.125"))]


async def test_many_symbols_are_served_by_the_whole_markets_actions(market: Market) -> None:
    with polygon(market.with_events(*EVENTS), page=1).running() as server:
        found = await actions_of(provider(server), list(market.closes), SPLIT_DAY, SPLIT_DAY)
        once = len(server.requests)
        again = await actions_of(provider(server), list(market.closes), YEAR[0], LAST)

    assert [(action.symbol, action.kind) for action in found] == [("AAPL", "split")]
    assert once == 2
    assert {(action.symbol, action.kind) for action in again} == {
        ("AAPL", "split"), ("AAPL", "dividend"), ("MSFT", "split"), ("MSFT", "dividend"),
    }  # fmt: skip


async def test_securities_have_kind_name_and_industry_but_no_sector() -> None:
    listings = {
        "AAPL": Listing("Apple Inc.", "CS", "ELECTRONIC COMPUTERS"),
        "SPY": Listing("SPDR S&P 500 ETF Trust", "ETF"),
        "PDI": Listing("PIMCO Dynamic Income Fund", "FUND"),
    }
    held = Market({symbol: {LAST: 1.0} for symbol in listings}, listings=listings)
    with polygon(held).running() as server:
        named = await provider(server).securities([*listings, "NOSUCH"])
        listed = await provider(server).securities()

    assert {(f.symbol, f.kind, f.name, f.sector, f.industry) for f in named} == {
        ("AAPL", "stock", "Apple Inc.", None, "ELECTRONIC COMPUTERS"),
        ("SPY", "etf", "SPDR S&P 500 ETF Trust", None, None),
        ("PDI", "fund", "PIMCO Dynamic Income Fund", None, None),
    }
    assert {(fact.symbol, fact.kind) for fact in listed} == {
        ("AAPL", "stock"),
        ("SPY", "etf"),
        ("PDI", "fund"),
    }


CLOSED = datetime(2022, 12, 28, 21, 0, tzinfo=UTC)
CHAIN = [
    option_row("AAPL230120C00130000", 1.52, 1.55, CLOSED, 126.04),
    option_row("AAPL230120P00130000", 5.2, 5.3, datetime(2022, 12, 27, 21, 0, tzinfo=UTC), 126.04),
    option_row("AAPL230120C00140000", None, None, CLOSED, 126.04),
]


HELD = [row["details"]["ticker"].removeprefix("O:") for row in CHAIN]


async def quotes(
    asked: PolygonProvider, contracts: Collection[str], session: date = LAST
) -> list[QuoteAnswer]:
    return [answer async for answer in asked.option_quotes(contracts, session)]


async def test_quotes_are_the_sessions_own_with_bid_and_ask(market: Market) -> None:
    with polygon(market, page=1, chains={"AAPL": CHAIN}).running() as server:
        [answer] = await quotes(provider(server), HELD)

    [quote] = answer.quotes
    assert answer.settled == set(HELD)
    assert (quote.contract, quote.session_date, quote.bid, quote.ask) == (
        "AAPL230120C00130000", LAST, Decimal("1.52"), Decimal("1.55"),
    )  # fmt: skip
    assert (quote.last, quote.underlying_price, quote.source) == (
        Decimal("1.55"),
        Decimal("126.04"),
        "polygon",
    )
    assert len(server.requests) == 3


async def test_older_sessions_have_no_quotes_and_cost_no_request(server: StandIn) -> None:
    assert await quotes(provider(server), HELD, date(2022, 12, 23)) == []
    assert server.requests == []


async def test_a_chain_is_asked_for_the_expiries_and_strikes_held(market: Market) -> None:
    strikes = range(100, 160, 5)
    chain = [
        option_row(f"AAPL{day}C00{strike}000", 1.52, 1.55, CLOSED, 126.04)
        for strike in strikes
        for day in ("230120", "230217", "230317")
    ]
    held = [
        "AAPL230120C00130000",
        "AAPL230217C00140000",
        "SPY230120P00380000",
        "SPXW230120C03800000",
    ]
    with polygon(market, chains={"AAPL": chain}).running() as server:
        found = await quotes(provider(server), held)

    assert {quote.contract for answer in found for quote in answer.quotes} == set(held[:2])
    assert frozenset().union(*(answer.settled for answer in found)) == set(held)
    asked = {request.path.rpartition("/")[2]: request.query for request in server.requests}
    assert sorted(asked) == ["AAPL", "I:SPX", "SPY"]
    assert asked["AAPL"] == {
        "expiration_date.gte": "2023-01-20", "expiration_date.lte": "2023-02-17",
        "strike_price.gte": "130", "strike_price.lte": "140", "contract_type": "call",
        "limit": "250",
    }  # fmt: skip
    assert asked["SPY"]["contract_type"] == "put"


@pytest.mark.parametrize("held", ["BRKB230120C00300000", "BRK.B230120C00300000"])
async def test_quotes_of_a_share_class_match_the_contract_held(held: str) -> None:
    chain = [option_row("BRKB230120C00300000", 9.2, 9.5, CLOSED, 306.5)]
    with polygon(Market(BRK), chains={"BRK.B": chain}).running() as server:
        [answer] = await quotes(provider(server), [held])

    assert [quote.contract for quote in answer.quotes] == ["BRKB230120C00300000"]


async def test_a_plan_without_quotes_is_distinguished_from_an_outage(server: StandIn) -> None:
    server.whenever(lambda request: NOT_ENTITLED)
    with pytest.raises(NotInPlan):
        await quotes(provider(server), HELD)

    server.whenever(lambda request: as_json({}, 500))
    with pytest.raises(ProviderUnavailable) as raised:
        await quotes(provider(server), HELD)

    assert not isinstance(raised.value, NotInPlan)

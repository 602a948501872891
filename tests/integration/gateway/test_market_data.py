"""Market data over REST: what ingest stored, and what a portfolio is missing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.gateway.edge.dependencies import Gateway
from services.ingest.tables import (
    DataProvider,
    FetchLogEntry,
    OptionQuote,
    PriceClaim,
    QuarantinedPrice,
    Security,
    TreasuryYield,
)
from shared.calendar import sessions
from shared.contracts.gateway import PortfoliosChanged
from shared.contracts.ingest import PricesUpdated
from shared.database import Database
from tests.builders import AS_OF, a_price, a_security, a_yield, save, save_prices
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.tracking import followed_up, recorded
from tests.panel import PROXIES

pytestmark = pytest.mark.usefixtures("market")
YEAR = sessions(date(2021, 6, 1), AS_OF)[-253:]
BEFORE = date(2022, 12, 27)
SYMBOLS = ("DONE", "FETCHED", "LISTED", "NOBODY", "ORPHAN", "WAITS")


async def save_quotes(
    admin: Database, *contracts: str, day: date = AS_OF, source: str = "admin"
) -> None:
    terms = {
        "bid": Decimal("7.1"),
        "ask": Decimal("7.4"),
        "last": None,
        "underlying_price": Decimal(126),
    }
    facts = {"session_date": day, "source": source, "revision": 1, **terms}
    await save(admin, OptionQuote, [{"contract": contract, **facts} for contract in contracts])


async def test_prices_come_newest_first_and_by_the_page(ann: Person, admin: Database) -> None:
    await save_prices(admin, *(a_price("AAPL", day, 100 + n) for n, day in enumerate(YEAR[-5:])))

    whole = (await ann.get("market-data/prices/aapl")).json()
    page = (await ann.get("market-data/prices/AAPL", limit=2, offset=1)).json()
    part = (await ann.get("market-data/prices/AAPL", start=str(YEAR[-4]), end=str(YEAR[-3]))).json()

    assert [item["close"] for item in whole["items"]] == [104, 103, 102, 101, 100]
    assert (whole["symbol"], whole["security"]["kind"], whole["total"]) == ("AAPL", "stock", 5)
    assert [item["close"] for item in page["items"]] == [103, 102]
    assert [item["session_date"] for item in part["items"]] == [str(YEAR[-3]), str(YEAR[-4])]


async def test_a_known_symbol_without_prices_has_none(ann: Person) -> None:
    answer = (await ann.get("market-data/prices/XOM")).json()

    assert (answer["items"], answer["total"]) == ([], 0)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("prices/NOPE", 404, "symbol_not_found"),
        ("prices/7", 422, "invalid_symbol"),
        ("options/a b c!", 422, "invalid_symbol"),
    ],
)
async def test_unknown_and_impossible_symbols_are_clear_problems(
    ann: Person, path: str, status: int, code: str
) -> None:
    answer = await ann.get(f"market-data/{path}")

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_current_prices_say_how_old_they_are_and_what_changed(
    ann: Person, admin: Database
) -> None:
    halves = a_price("AAPL", AS_OF, 60, adjusted_close=60)
    await save_prices(
        admin, a_price("AAPL", BEFORE, 100, adjusted_close=50), halves, a_price("MSFT", BEFORE, 200)
    )

    answer = (await ann.get("market-data/current", symbol=["AAPL", "msft", "XOM", "AAPL"])).json()

    apple, microsoft, exxon = answer["items"]
    assert (apple["price"], apple["previous_close"], apple["change"]) == (60, 100, -40)
    assert (apple["change_percent"], apple["stale"]) == (20.0, False)
    assert (microsoft["price"], microsoft["session_date"], microsoft["stale"]) == (
        200,
        str(BEFORE),
        True,
    )
    assert (microsoft["change"], microsoft["previous_close"]) == (None, None)
    assert (exxon["price"], exxon["stale"]) == (None, None)
    assert exxon["reason"]
    assert (answer["as_of"], answer["total"]) == (str(AS_OF), 3)


async def test_current_prices_are_the_first_portfolios_by_default(
    ann: Person, bob: Person, admin: Database
) -> None:
    portfolio_id = await ann.uploaded()
    await save_prices(admin, a_price("AAPL", BEFORE, 100), a_price("AAPL", AS_OF, 110))

    mine = (await ann.get("market-data/current")).json()
    earlier = (
        await ann.get("market-data/current", portfolio_id=portfolio_id, as_of=str(BEFORE))
    ).json()
    his = await bob.get("market-data/current", portfolio_id=portfolio_id)

    assert [(item["symbol"], item["price"]) for item in mine["items"]] == [
        ("AAPL", 110),
        ("MSFT", None),
    ]
    assert earlier["items"][0]["price"] == 100
    assert (his.status_code, his.json()["code"]) == (404, "portfolio_not_found")


async def test_securities_are_listed_by_sector(ann: Person, admin: Database) -> None:
    await save(
        admin,
        Security,
        [a_security("JPM", sector="Financials"), a_security("BAC", sector="Financials")],
    )

    files = {"kind": "securities", "rank": 0, "name": "test", "live": False}
    await save(admin, DataProvider, [files])

    of_sector = (await ann.get("market-data/sectors", sector="financials")).json()
    named = (await ann.get("market-data/sectors", symbol=["JPM", "XOM"])).json()
    everything = (await ann.get("market-data/sectors", limit=1)).json()

    assert [item["symbol"] for item in of_sector["items"]] == ["BAC", "JPM"]
    assert [(item["symbol"], item["sector"]) for item in named["items"]] == [
        ("JPM", "Financials"),
        ("XOM", None),
    ]
    assert (len(everything["items"]), everything["total"]) == (1, 5)


async def test_option_quotes_are_those_of_the_underlying_alone(
    ann: Person, admin: Database
) -> None:
    call, put, later = "AAPL230317C00130000", "AAPL230317P00130000", "AAPL230616C00130000"
    await save_quotes(admin, call, put, later, "AAP230317C00130000", "AAPLW230317C00130000")
    await save_quotes(admin, call, day=BEFORE)

    chain = (await ann.get("market-data/options/AAPL")).json()
    calls = (await ann.get("market-data/options/AAPL", expiry="2023-03-17", type="C")).json()
    earlier = (await ann.get("market-data/options/AAPL", as_of=str(BEFORE))).json()

    assert [item["contract"] for item in chain["items"]] == [call, put, later]
    assert chain["items"][1] | {"source": ""} == {
        "contract": put,
        "expiry": "2023-03-17",
        "option_type": "P",
        "strike": 130,
        "bid": 7.1,
        "ask": 7.4,
        "mid": 7.25,
        "last": None,
        "underlying_price": 126,
        "source": "",
    }
    assert [item["contract"] for item in calls["items"]] == [call]
    assert (earlier["as_of"], earlier["total"]) == (str(BEFORE), 1)


async def test_an_index_has_the_options_of_all_its_roots(ann: Person, admin: Database) -> None:
    await save_quotes(admin, "SPX230317C04000000", "SPXW230317C04000000")

    chain = (await ann.get("market-data/options/SPX")).json()

    assert [item["contract"] for item in chain["items"]] == [
        "SPX230317C04000000",
        "SPXW230317C04000000",
    ]


async def test_an_underlying_without_quotes_says_so(ann: Person) -> None:
    chain = (await ann.get("market-data/options/MSFT")).json()

    assert (chain["items"], chain["as_of"]) == ([], None)
    assert "no quotes" in chain["reason"]


async def test_factor_funds_come_in_display_order_with_their_prices(
    ann: Person, admin: Database
) -> None:
    await save_prices(admin, a_price("SPY", AS_OF, 376.66))

    answer = (await ann.get("market-data/factor-etfs")).json()

    assert [item["symbol"] for item in answer["items"]] == list(PROXIES)
    assert (answer["items"][0]["factor"], answer["items"][0]["price"]) == ("market", 376.66)
    assert {item["reason"] is None for item in answer["items"][1:]} == {False}


async def test_quality_reports_stored_data_and_what_they_allow(
    ann: Person, admin: Database
) -> None:
    option, fresh = "AAPL230616C00150000", YEAR[-30:]
    portfolio_id = await ann.uploaded_book(
        HEADER
        + "AAPL,1,1,2022-06-01,\nMSFT,1,1,2022-06-01,\nXOM,1,1,2022-06-01,\n"
        + f"{option},1,8,2022-06-01,\n"
    )
    rows = [a_price(symbol, day, 100) for symbol in (*PROXIES, "AAPL") for day in YEAR]
    await save_prices(admin, *rows, *(a_price("MSFT", day, 200) for day in fresh[:-1]))
    await save(admin, TreasuryYield, [a_yield("10Y", day, 3.9) for day in YEAR])
    sent = {"symbol": "MSFT", "session_date": AS_OF, "source": "test", "close": "-1"}
    seen_at = datetime(2022, 12, 28, 22, tzinfo=UTC)
    await save(admin, QuarantinedPrice, [sent | {"reason": "below 0", "seen_at": seen_at}])

    report = (await ann.get(f"market-data/quality/{portfolio_id}")).json()

    symbols = {item["symbol"]: item for item in report["symbols"]}
    missing = {item["calculation"]: item["lacking"] for item in report["calculations"]}
    assert (report["as_of"], report["window_start"]) == (str(AS_OF), str(YEAR[0]))
    assert (report["complete"], report["stale"], report["missing"]) == (len(PROXIES) + 1, 1, 1)
    assert [symbols[name]["status"] for name in ("AAPL", "MSFT", "XOM")] == [
        "complete",
        "stale",
        "missing",
    ]
    assert (
        symbols["MSFT"]["prices"],
        symbols["MSFT"]["missing"],
        symbols["MSFT"]["quarantined"],
    ) == (
        29,
        224,
        1,
    )
    assert missing["valuation"] == ["XOM"]
    assert missing["greeks"] == []
    assert missing["factors"] == missing["rate_sensitivity"] == ["MSFT", "XOM"]
    assert missing["correlations"] == ["XOM"]


async def test_refresh_starts_a_run_of_the_portfolio(ann: Person, admin: Database) -> None:
    portfolio_id = await ann.uploaded()

    answer = await ann.post("market-data/refresh", None)

    async with admin.transaction() as session:
        received = text(
            "select payload from gateway.outbox where subject = :subject order by outbox_id desc "
            "limit 1"
        )
        event: Any = await session.scalar(received, {"subject": PortfoliosChanged.subject})
    assert (answer.status_code, answer.json()["portfolio_id"]) == (202, portfolio_id)
    assert (event["run_id"], event["reason"]) == (answer.json()["run_id"], "market_data")


async def save_chain(admin: Database, **live_by_name: bool) -> None:
    rows = [
        {"kind": "prices", "rank": rank, "name": name, "live": live}
        for rank, (name, live) in enumerate(live_by_name.items())
    ]
    await save(admin, DataProvider, rows)


async def save_answer(admin: Database, symbol: str, *, known: bool, first: date = YEAR[0]) -> None:
    asked = {
        "first_session": first,
        "last_session": AS_OF,
        "asked_at": datetime(2022, 12, 28, 22, tzinfo=UTC),
    }
    facts = {"provider": "polygon", "kind": "prices", "symbol": symbol, "known": known}
    await save(admin, FetchLogEntry, [{**facts, **asked}])


async def test_progress_distinguishes_stored_coming_and_settled_symbols(
    ann: Person, operator: Person, admin: Database
) -> None:
    await save_chain(admin, polygon=True, bundled=False)
    portfolio_id = await ann.uploaded_book(
        HEADER + "".join(f"{each},1,1,2022-06-01,\n" for each in SYMBOLS)
    )
    fresh = YEAR[-30:]
    await save_prices(admin, *(a_price("DONE", day, 1) for day in YEAR))
    await save_prices(
        admin, *(a_price(each, day, 1) for each in ("LISTED", "WAITS") for day in fresh)
    )
    await save_answer(admin, "LISTED", known=True)
    await save_answer(admin, "WAITS", known=True, first=fresh[0])
    await save_answer(admin, "NOBODY", known=False)
    until = datetime.now(UTC) + timedelta(minutes=1)
    claims = {"FETCHED": until, "ORPHAN": until - timedelta(minutes=2)}
    rows = [
        {"symbol": each, "claimant": uuid4(), "claimed_until": when}
        for each, when in claims.items()
    ]
    await save(admin, PriceClaim, rows)

    mine = (await ann.get(f"market-data/quality/{portfolio_id}")).json()
    overall = (await operator.get("admin/market-data/progress")).json()

    states = {
        each["symbol"]: each["state"] for each in mine["symbols"] if each["symbol"] in SYMBOLS
    }
    assert states == {
        "DONE": "complete",
        "FETCHED": "fetching",
        "LISTED": "settled",
        "NOBODY": "settled",
        "ORPHAN": "waiting",
        "WAITS": "waiting",
    }
    received = {each["symbol"]: each for each in mine["symbols"]}
    assert received["DONE"]["sources"] == ["test"]
    assert received["LISTED"]["answered"][0]["provider"] == "polygon"
    assert str(fresh[0]) in received["LISTED"]["reason"]
    assert "unknown" in received["NOBODY"]["reason"]
    counted = {"complete": 1, "fetching": 1, "settled": 2, "waiting": 2 + len(PROXIES)}
    wanted = {"sessions_wanted": 253 * (6 + len(PROXIES)), "sessions_stored": 253 + 2 * 30}
    assert mine["progress"] == counted | wanted
    assert {name: overall[name] for name in overall} == {name: mine[name] for name in overall}


async def test_files_are_settled_once_a_run_has_read_them(
    gateway: Gateway, ann: Person, admin: Database
) -> None:
    await save_chain(admin, bundled=False)
    portfolio_id = await ann.uploaded()
    run_id = (await ann.post("market-data/refresh", {"portfolio_id": portfolio_id})).json()[
        "run_id"
    ]
    path = f"market-data/quality/{portfolio_id}"
    before = (await ann.get(path)).json()["progress"]

    async with admin.transaction() as session:  # the upload's own run is not this test's
        other = text("delete from gateway.batch_runs where run_id <> :id")
        await session.execute(other, {"id": UUID(run_id)})
    facts = {"price_run": "1", "shard": 0, "shards": 1, "portfolio_ids": (UUID(portfolio_id),)}
    async with gateway.database.transaction() as session:
        await recorded(session, [PricesUpdated.new(UUID(run_id), AS_OF, **facts)])
    await followed_up(gateway.database)
    after = (await ann.get(path)).json()["progress"]

    assert (before["waiting"], before["settled"]) == (2 + len(PROXIES), 0)
    assert (after["waiting"], after["settled"]) == (0, 2 + len(PROXIES))


async def test_yields_are_reported_by_maturity(operator: Person, admin: Database) -> None:
    await save(admin, TreasuryYield, [a_yield("2Y", day, 4.1) for day in YEAR[:3]])

    found = (await operator.get("admin/market-data/progress")).json()["yields"]

    assert len(found) == 10
    stored = [each for each in found if each["stored"]]
    assert stored == [
        {"maturity": "2Y", "stored": 3, "last_observation": str(YEAR[2]), "sources": ["test"]}
    ]


async def test_what_others_hold_is_in_no_list(ann: Person, bob: Person, admin: Database) -> None:
    call = "AAPL230616C00130000"
    files = {"kind": "securities", "rank": 0, "name": "test", "live": False}
    await save(admin, DataProvider, [files])
    await save(admin, Security, [a_security("HELD") | {"source": "polygon"}])
    await save_quotes(admin, call, source="polygon")
    await ann.uploaded_book(f"{HEADER}HELD,10,100,2022-06-01,\n{call},1,5,2022-06-01,\n")

    hers = (await ann.get("market-data/sectors", limit=500)).json()["items"]
    his = (await bob.get("market-data/sectors", limit=500)).json()["items"]
    quotes = [(await each.get("market-data/options/AAPL")).json()["total"] for each in (ann, bob)]
    named = (await bob.get("market-data/sectors", symbol="HELD")).json()["total"]

    assert {item["symbol"] for item in hers} - {item["symbol"] for item in his} == {"HELD"}
    assert (quotes, named) == ([1, 0], 1)

"""Ingest's handlers on a real database."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.ingest import repository
from services.ingest.handlers.announce_close import announce_close
from services.ingest.handlers.deliver_prices import (
    deliver_prices,
    deliver_prices_of_changed,
    restated_shards,
)
from services.ingest.handlers.record_coverage import record_coverage
from services.ingest.handlers.store_rows import store_option_quotes, store_prices, store_yields
from services.ingest.inputs import Bar, CorporateAction
from services.snapshots.tables import PortfolioSnapshot
from shared.contracts.gateway import MarketCloseRequested, PortfoliosChanged
from shared.contracts.ingest import (
    MarketClosed,
    OptionQuoteRow,
    PriceRow,
    PricesUpdated,
    StoreOptionQuotes,
    StorePrices,
    StoreYields,
    YieldRow,
)
from shared.database import Database
from shared.errors import DateOutsideData, InvalidRows, NotASession
from tests.builders import AS_OF, a_portfolio, a_position, a_snapshot, save, save_positions
from tests.servers import Role

PREVIOUS = date(2022, 12, 27)


@pytest.fixture(autouse=True)
async def securities_listed(role: Role, empty: None) -> None:
    """What ingest does at start-up."""
    async with role("ingest").transaction() as session:
        await record_coverage(session)


async def delivered(database: Database, as_of: date = AS_OF) -> list[PricesUpdated]:
    return await deliver_prices(MarketClosed.new(uuid4(), as_of), database)


async def content(admin: Database) -> list[tuple[object, ...]]:
    async with admin.transaction() as session:
        found = await session.execute(
            text("select * from ingest.daily_prices order by symbol, session_date")
        )
        return [tuple(row) for row in found]


async def test_close_request_announces_in_the_operators_run(role: Role) -> None:
    request = MarketCloseRequested.new(uuid4(), AS_OF)

    async with role("ingest").transaction() as session:
        emitted = await announce_close(request, session)

    assert (emitted.run_id, emitted.as_of, emitted.trigger) == (request.run_id, AS_OF, "operator")


async def test_no_prices_are_delivered_of_a_day_that_is_no_session(role: Role) -> None:
    with pytest.raises(NotASession):
        await delivered(role("ingest"), date(2022, 12, 24))


@pytest.mark.parametrize(
    ("day", "error"),
    [(date(2022, 12, 26), NotASession), (date(2013, 12, 31), DateOutsideData)],
    ids=["holiday", "before"],
)
async def test_close_of_no_session_is_refused_and_leaves_no_row(
    day: date, error: type[Exception], role: Role
) -> None:
    with pytest.raises(error, match=r"2022-12-23|2014-01-02"):
        async with role("ingest").transaction() as session:
            await announce_close(MarketCloseRequested.new(uuid4(), day), session)

    async with role("ingest").transaction() as session:
        announced = "select count(*) from ingest.market_sessions where announced_at is not null"
        assert await session.scalar(text(announced)) == 0


async def test_prices_of_holdings_and_proxies_arrive_up_to_the_session(
    role: Role, admin: Database
) -> None:
    book = await a_portfolio(admin)
    await save_positions(admin, a_position(book, "AAPL"), a_position(book, "MSFT230120C00250000"))

    [emitted] = await delivered(role("ingest"))

    rows = await content(admin)
    assert {row[0] for row in rows} == {
        "AAPL",
        "MSFT",
        "SPY",
        "VTV",
        "VUG",
        "MTUM",
        "QUAL",
        "IWM",
        "USMV",
    }
    assert max(row[1] for row in rows) == AS_OF  # type: ignore[type-var]
    assert emitted.portfolio_ids == (book,)
    assert emitted.warnings == ()


async def test_prices_of_private_holdings_are_never_requested(role: Role, admin: Database) -> None:
    book = await a_portfolio(admin)
    private = a_position(book, "XOM", investment_class="PRIVATE")
    await save_positions(admin, a_position(book, "AAPL", investment_class="PUBLIC"), private)

    [emitted] = await delivered(role("ingest"))

    symbols = {row[0] for row in await content(admin)}
    assert "AAPL" in symbols
    assert "XOM" not in symbols
    assert emitted.warnings == ()


async def test_second_delivery_changes_nothing_and_keeps_the_price_run(
    role: Role, admin: Database
) -> None:
    await save_positions(admin, a_position(await a_portfolio(admin)))
    [first] = await delivered(role("ingest"))
    before = await content(admin)

    [second] = await delivered(role("ingest"))

    assert await content(admin) == before
    assert second.price_run == first.price_run
    assert second.event_id != first.event_id


async def test_restated_price_makes_new_price_runs_from_its_day_on(
    role: Role, admin: Database
) -> None:
    await save_positions(admin, a_position(await a_portfolio(admin)))
    [earlier], [later] = await delivered(role("ingest"), PREVIOUS), await delivered(role("ingest"))

    async with role("ingest").transaction() as session:
        row = PriceRow(symbol="AAPL", session_date=AS_OF, close=Decimal("123.45"))
        stored = await store_prices(StorePrices(rows=(row,)), session)
    [earlier_again], [later_again] = (
        await delivered(role("ingest"), PREVIOUS),
        await delivered(role("ingest")),
    )

    assert stored.changed == 1
    assert earlier_again.price_run == earlier.price_run
    assert later_again.price_run != later.price_run
    assert ("AAPL", AS_OF, Decimal("123.450000")) in {row[:3] for row in await content(admin)}


async def test_unknown_symbol_is_named_in_a_warning(role: Role, admin: Database) -> None:
    await save_positions(admin, a_position(await a_portfolio(admin), "NOSUCH"))

    [emitted] = await delivered(role("ingest"))

    [notice] = emitted.warnings
    assert (notice.code, notice.about) == ("unknown_symbol", ("NOSUCH",))


async def test_changed_portfolio_makes_a_separate_shard(role: Role, admin: Database) -> None:
    book, _other = await a_portfolio(admin), await a_portfolio(admin)
    await save_positions(admin, a_position(book))
    saturday = PortfoliosChanged.new(
        uuid4(), date(2022, 12, 24), portfolio_ids=(book,), reason="upload"
    )

    [emitted] = await deliver_prices_of_changed(saturday, role("ingest"))

    assert (emitted.portfolio_ids, emitted.shards, emitted.as_of) == (
        (book,),
        1,
        date(2022, 12, 23),
    )


@pytest.mark.parametrize(
    ("close", "code"),
    [("7.326", "price_jump_accepted"), ("49", "price_moved_by_half"), ("103", None)],
)
async def test_an_administrators_jump_is_stored_with_a_notice(
    close: str, code: str | None, role: Role, admin: Database
) -> None:
    rows = [
        PriceRow(symbol="CRASH", session_date=day, close=Decimal(price))
        for day, price in ((PREVIOUS, "99"), (AS_OF, close))
    ]

    async with role("ingest").transaction() as session:
        answers = [await store_prices(StorePrices(rows=(row,)), session) for row in rows]

    assert [(each.code, each.about) for each in answers[1].warnings] == (
        [(code, (f"CRASH {AS_OF.isoformat()}",))] if code else []
    )
    assert answers[0].warnings == ()
    assert [row[2] for row in await content(admin)] == [Decimal("99"), Decimal(close)]


async def test_one_bad_price_row_stops_all_of_them(role: Role, admin: Database) -> None:
    good = PriceRow(symbol="AAPL", session_date=AS_OF, close=Decimal(100))
    bad = PriceRow(symbol="AAPL", session_date=date(2022, 12, 25), close=Decimal(100))

    with pytest.raises(InvalidRows) as caught:
        async with role("ingest").transaction() as session:
            await store_prices(StorePrices(rows=(good, bad)), session)

    [problem] = caught.value.problems
    assert problem["row"] == 1
    assert "2022-12-23" in str(problem["message"])
    assert await content(admin) == []


async def test_yields_of_a_holiday_count_from_the_next_session(role: Role, admin: Database) -> None:
    holiday = YieldRow(
        maturity="10Y", observation_date=date(2022, 12, 26), yield_percent=Decimal("3.75")
    )

    async with role("ingest").transaction() as session:
        await store_yields(StoreYields(rows=(holiday,)), session)

    async with admin.transaction() as session:
        marked = await session.execute(
            text("select session_date, revision from ingest.market_sessions where revision > 0")
        )
        assert [tuple(row) for row in marked] == [(date(2022, 12, 27), 1)]


async def test_quotes_are_stored_under_the_unpadded_symbol_and_renew_the_price_run(
    role: Role, admin: Database
) -> None:
    [before] = await delivered(role("ingest"))
    quote = OptionQuoteRow(
        contract="AAPL  230317C00130000", session_date=AS_OF, bid=Decimal("7.1"), ask=Decimal("7.3")
    )

    async with role("ingest").transaction() as session:
        stored = await store_option_quotes(StoreOptionQuotes(rows=(quote,)), session)
    [after] = await delivered(role("ingest"))

    async with admin.transaction() as session:
        [row] = (
            await session.execute(
                text("select contract, bid, ask from ingest.published_option_quotes")
            )
        ).all()
    assert tuple(row) == ("AAPL230317C00130000", Decimal("7.1"), Decimal("7.3"))
    assert stored.changed == 1
    assert after.price_run > before.price_run


@pytest.mark.parametrize(
    ("contract", "day", "ask", "problem"),
    [
        ("AAPL230317C00130000", AS_OF, "7.0", "ask 7.0 is below bid 7.1"),
        ("AAPL", AS_OF, "7.3", "not an OCC"),
        ("AAPL230317C00130000", date(2022, 12, 25), "7.3", "not a NYSE session"),
    ],
)
async def test_impossible_quote_is_named_and_nothing_is_stored(
    contract: str, day: date, ask: str, problem: str, role: Role
) -> None:
    row = OptionQuoteRow(contract=contract, session_date=day, bid=Decimal("7.1"), ask=Decimal(ask))

    with pytest.raises(InvalidRows) as caught:
        async with role("ingest").transaction() as session:
            await store_option_quotes(StoreOptionQuotes(rows=(row,)), session)

    assert problem in str(caught.value.problems[0]["message"])


async def test_a_late_split_reruns_its_sessions_for_holders_only(
    role: Role, admin: Database
) -> None:
    holder, other, unasked = [await a_portfolio(admin) for _ in range(3)]
    option = "AAPL230120C00130000"
    await save_positions(admin, *(a_position(each, option) for each in (holder, unasked)))
    await save_positions(admin, a_position(other, "XOM"))
    days = [date(2022, 12, day) for day in (21, 22, 23)]
    both = [a_snapshot(each, day) for each in (holder, other) for day in [*days, AS_OF]]
    await save(admin, PortfolioSnapshot, both)
    async with role("ingest").transaction() as session:
        for day in [*days, PREVIOUS, AS_OF]:
            await repository.save_announced(session, day)

    action = CorporateAction("AAPL", days[1], "split", Decimal(4), "market")
    run_id = uuid4()

    async with role("ingest").transaction() as session:
        await repository.save_actions(session, [action], {"AAPL"})
        emitted = await restated_shards(session, run_id, AS_OF)
    async with role("ingest").transaction() as session:
        again = await restated_shards(session, run_id, AS_OF)
        by_another = await restated_shards(session, uuid4(), AS_OF)

    assert [(event.as_of, event.portfolio_ids) for event in emitted] == [
        (day, (holder,)) for day in days[1:]
    ]
    assert [event.event_id for event in emitted] == [event.event_id for event in again]
    assert {event.trigger for event in emitted} == {"restatement"}
    assert by_another == []


async def test_a_late_split_reaches_back_for_positions_in_later_shares(
    role: Role, admin: Database
) -> None:
    holder = await a_portfolio(admin)
    days = [date(2022, 12, day) for day in (20, 21, 22, 23)]
    await save_positions(admin, a_position(holder, "AAPL", entry_date=days[1], stated_on=days[2]))
    action = CorporateAction("AAPL", days[2], "split", Decimal(4), "market")
    await save(admin, PortfolioSnapshot, [a_snapshot(holder, day) for day in [*days, AS_OF]])

    async with role("ingest").transaction() as session:
        await repository.save_actions(session, [action], {"AAPL"})
        emitted = await restated_shards(session, uuid4(), AS_OF)

    assert [(event.as_of, event.portfolio_ids) for event in emitted] == [
        (day, (holder,)) for day in days[1:]
    ]


async def test_sessions_of_a_close_accepted_later_are_run_again_once(
    role: Role, admin: Database
) -> None:
    holder = await a_portfolio(admin)
    await save_positions(admin, a_position(holder, "CRASH"))
    days = [date(2022, 12, day) for day in (21, 22, 23)]
    await save(admin, PortfolioSnapshot, [a_snapshot(holder, day) for day in (*days, AS_OF)])
    late = [Bar("CRASH", day, Decimal("7.326"), 7.326, "raw", "market") for day in days[1:]]

    async with role("ingest").transaction() as session:
        await repository.save_released(session, late)
        emitted = await restated_shards(session, uuid4(), AS_OF)
        again = await restated_shards(session, uuid4(), AS_OF)

    assert [(event.as_of, event.portfolio_ids) for event in emitted] == [
        (day, (holder,)) for day in days[1:]
    ]
    assert again == []


async def test_who_is_asked_for_prices_is_published(admin: Database) -> None:
    async with admin.transaction() as session:
        found = await session.execute(
            text(
                "select rank, name, live from ingest.published_data_providers where kind = 'prices'"
            )
        )

    assert [tuple(row) for row in found] == [(0, "bundled", False)]

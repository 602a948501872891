"""History that heals itself: chains of providers, what was asked, what is doubted, who fetches."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from services.ingest import repository
from services.ingest.calculations import window_start
from services.ingest.history import Feed, fetch_history
from services.ingest.inputs import Bar, CorporateAction, Coverage, SecurityFacts
from services.ingest.providers import ActionAnswer, Answer, ProviderUnavailable
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings
from shared.calendar import sessions
from shared.caveats import Caveat
from shared.database import Database
from tests.servers import Role

AS_OF = date(2022, 12, 28)
FIRST = date(2022, 12, 1)
DECEMBER = sessions(FIRST, AS_OF)
SETTINGS = IngestSettings(history_sessions=70, claim_seconds=1.0)
WINDOW_START = window_start(AS_OF, SETTINGS.history_sessions)
WINDOW = sessions(WINDOW_START, AS_OF)


@dataclass
class Market:
    """A live provider of prices and corporate actions: `closes` by symbol and session, everything
    asked kept.
    """

    closes: Mapping[str, Mapping[date, float]]
    name: str = "market"
    live: bool = True
    vouched: bool = False
    actions: Sequence[CorporateAction] = ()
    fails_after: int | None = None
    breaks_after: int | None = None
    silent_on: str | None = None
    sends_everything: bool = False
    seconds: float = 0.0
    asked: list[dict[str, tuple[date, ...]]] = field(default_factory=list)
    asked_for_actions: list[tuple[frozenset[str], date, date]] = field(default_factory=list)

    async def coverage(self) -> Coverage | None:
        return None

    async def bars(self, missing: Mapping[str, Collection[date]]) -> AsyncIterator[Answer]:
        self.asked.append({symbol: tuple(days) for symbol, days in missing.items()})
        for number, (symbol, days) in enumerate(sorted(missing.items())):
            if self.fails_after == number:
                raise ProviderUnavailable(self.name, "it is down")
            if self.breaks_after == number:
                raise RuntimeError("killed")
            await asyncio.sleep(self.seconds)
            closes = self.closes.get(symbol, {})
            days = sorted(closes) if self.sends_everything else days
            yield Answer(
                [self._bar(symbol, day, closes[day]) for day in days if day in closes],
                frozenset([symbol]),
            )

    def _bar(self, symbol: str, day: date, close: float) -> Bar:
        return Bar(symbol, day, Decimal(str(close)), close, "raw", self.name)

    async def corporate_actions(
        self, symbols: Collection[str], first: date, last: date
    ) -> AsyncIterator[ActionAnswer]:
        self.asked_for_actions.append((frozenset(symbols), first, last))
        for symbol in sorted(symbols):
            if symbol == self.silent_on:
                raise ProviderUnavailable(self.name, "it is down")
            theirs = [each for each in self.actions if each.symbol == symbol]
            yield ActionAnswer(theirs, frozenset([symbol]))


@dataclass
class Register:
    """A provider of facts that knows some symbols."""

    known: Collection[str]
    name: str = "register"
    live: bool = True
    asked: list[Collection[str]] = field(default_factory=list)
    questions: int | None = None

    async def securities(self, symbols: Collection[str] | None = None) -> Sequence[SecurityFacts]:
        if len(self.asked) == self.questions:
            raise ProviderUnavailable(self.name, "it is down")
        self.asked.append(sorted(symbols or ()))
        return [
            SecurityFacts(symbol, "stock", 300 * "X", "Energy", None, float("nan"), self.name)
            for symbol in self.known
            if symbol in (symbols or ())
        ]


def level(
    close: float, days: Collection[date] = tuple(sessions(date(2022, 1, 3), AS_OF))
) -> dict[date, float]:
    return {day: close + place / 100 for place, day in enumerate(sorted(days))}


def a_feed(database: Database, *prices: Market, **more: Any) -> Feed:
    return Feed(database, Sources(prices=prices, corporate_actions=prices[:1], **more), SETTINGS)


async def rows(admin: Database, query: str) -> list[tuple[Any, ...]]:
    async with admin.transaction() as session:
        return [tuple(row) for row in await session.execute(text(query))]


async def stored(admin: Database) -> dict[str, int]:
    found = await rows(
        admin, "select symbol, count(*) from ingest.daily_prices group by 1 order by 1"
    )
    return {row[0]: row[1] for row in found}


def codes(caveats: Sequence[Caveat]) -> list[str]:
    return [caveat.code for caveat in caveats]


@pytest.fixture(autouse=True)
def nothing_stored(empty: None) -> None:
    """Each test starts without rows."""


async def test_what_is_stored_is_not_asked_for_again(role: Role, admin: Database) -> None:
    market = Market({"XOM": level(100), "CVX": level(150)})
    feed = a_feed(role("ingest"), market)

    await fetch_history(feed, {"XOM", "CVX"}, AS_OF)
    before = await stored(admin)
    await fetch_history(feed, {"XOM", "CVX"}, AS_OF)

    assert len(market.asked) == 1
    assert await stored(admin) == before
    assert before["XOM"] == before["CVX"] > 70


async def test_a_later_session_is_all_that_is_asked_for_later(role: Role) -> None:
    market = Market({"XOM": level(100)})
    feed = a_feed(role("ingest"), market)

    await fetch_history(feed, {"XOM"}, DECEMBER[-3])
    await fetch_history(feed, {"XOM"}, AS_OF)

    assert market.asked[1] == {"XOM": (DECEMBER[-2], DECEMBER[-1])}
    assert market.asked_for_actions[1][1] == DECEMBER[-3] - timedelta(days=7)


async def test_an_unknown_symbol_is_asked_once_of_each_provider(
    role: Role, admin: Database
) -> None:
    first, second = Market({}, "first"), Market({}, "second")
    feed = a_feed(role("ingest"), first, second)

    found = await fetch_history(feed, {"NOSUCH"}, AS_OF)
    again = await fetch_history(feed, {"NOSUCH"}, AS_OF)

    assert (len(first.asked), len(second.asked)) == (1, 1)
    assert codes(found) == codes(again) == ["unknown_symbol"]
    assert await rows(admin, "select count(*) from ingest.price_claims") == [(0,)]


async def test_an_unknown_symbol_is_asked_again_when_its_time_is_over(role: Role) -> None:
    market = Market({})
    feed = a_feed(role("ingest"), market)

    await fetch_history(feed, {"NOSUCH"}, AS_OF)
    await fetch_history(
        replace(feed, settings=SETTINGS.model_copy(update={"unknown_recheck_days": 1e-9})),
        {"NOSUCH"},
        AS_OF,
    )

    assert len(market.asked) == 2


async def test_missing_sessions_are_requested_from_the_next_provider(
    role: Role, admin: Database
) -> None:
    holey = {day: close for day, close in level(100).items() if day != DECEMBER[4]}
    first, second = Market({"XOM": holey}, "first"), Market({"XOM": level(100)}, "second")

    found = await fetch_history(a_feed(role("ingest"), first, second), {"XOM"}, AS_OF)

    assert second.asked == [{"XOM": (DECEMBER[4],)}]
    by_source = await rows(
        admin, "select source, count(*) from ingest.daily_prices group by 1 order by 1"
    )
    assert [row[0] for row in by_source] == ["first", "second"]
    assert by_source[1][1] == 1
    assert codes(found) == []


async def test_a_provider_that_fails_keeps_what_it_said_and_the_next_is_asked_for_the_rest(
    role: Role, admin: Database
) -> None:
    closes = {symbol: level(100) for symbol in ("A", "B", "C")}
    first, second = Market(closes, "first", fails_after=1), Market(closes, "second")

    found = await fetch_history(a_feed(role("ingest"), first, second), set(closes), AS_OF)

    assert set(second.asked[0]) == {"B", "C"}
    assert len(set((await stored(admin)).values())) == 1
    assert [(caveat.code, caveat.message) for caveat in found] == [
        ("provider_unavailable", "first: it is down")
    ]


async def test_a_lie_is_quarantined_logged_and_the_next_provider_asked(
    role: Role, admin: Database
) -> None:
    lies = level(100) | {DECEMBER[3]: 1000.0, DECEMBER[5]: -4.0, DECEMBER[7]: float("nan")}
    liar, honest = Market({"XOM": lies}, "liar"), Market({"XOM": level(100)}, "honest")

    with capture_logs() as logged:
        found = await fetch_history(a_feed(role("ingest"), liar, honest), {"XOM"}, AS_OF)

    assert honest.asked == [{"XOM": (DECEMBER[3], DECEMBER[5], DECEMBER[7])}]
    doubted = await rows(
        admin, "select session_date, source from ingest.quarantined_prices order by 1"
    )
    assert doubted == [(DECEMBER[place], "liar") for place in (3, 5, 7)]
    assert codes(found) == ["price_quarantined"]
    [(lowest, highest)] = await rows(
        admin, "select min(close), max(close) from ingest.daily_prices"
    )
    assert 99 < lowest < highest < 105
    [line] = logged
    assert (line["log_level"], line["provider"]) == ("warning", "liar")
    assert {each["session_date"] for each in line["closes"]} == {
        str(DECEMBER[place]) for place in (3, 5, 7)
    }
    assert "the close is -4: a price is above zero" in str(line["closes"])


FALLEN = level(99, [day for day in WINDOW if day < DECEMBER[3]]) | level(7.326, DECEMBER[3:])


async def closes_of(admin: Database, symbol: str) -> dict[date, float]:
    found = await rows(
        admin, f"select session_date, close from ingest.daily_prices where symbol = '{symbol}'"
    )
    return {day: float(close) for day, close in found}


@pytest.mark.parametrize(
    "sent",
    [FALLEN, {day: 1000 / close for day, close in FALLEN.items()}],
    ids=["fall", "rise"],
)
async def test_a_level_of_one_source_is_accepted_on_its_third_session(
    sent: dict[date, float], role: Role, admin: Database
) -> None:
    feed = a_feed(role("ingest"), Market({"CRASH": sent}))
    for day in DECEMBER[2:5]:
        await fetch_history(feed, {"CRASH"}, day)
    assert max(await closes_of(admin, "CRASH")) == DECEMBER[2]

    found = await fetch_history(feed, {"CRASH"}, DECEMBER[5])

    closes = await closes_of(admin, "CRASH")
    assert closes == {day: round(sent[day], 6) for day in WINDOW if day <= DECEMBER[5]}
    assert await rows(admin, "select * from ingest.quarantined_prices") == []
    released = await rows(admin, "select symbol, session_date from ingest.released_prices")
    assert sorted(released) == [("CRASH", day) for day in DECEMBER[3:5]]
    assert [(each.code, each.about) for each in found] == [
        ("price_jump_accepted", (f"CRASH {DECEMBER[3].isoformat()}",))
    ]


async def test_the_owners_jump_is_accepted_on_its_day(role: Role, admin: Database) -> None:
    folder = Market({"CRASH": FALLEN}, "csv", live=False, vouched=True)
    await fetch_history(a_feed(role("ingest"), folder), {"CRASH"}, DECEMBER[2])

    found = await fetch_history(a_feed(role("ingest"), folder), {"CRASH"}, DECEMBER[3])

    assert (await closes_of(admin, "CRASH"))[DECEMBER[3]] == 7.326
    assert codes(found) == ["price_jump_accepted"]


async def emitted(database: Database, run_id: UUID | None = None) -> dict[str, date]:
    async with database.transaction() as session:
        return await repository.claim_changes(session, run_id or uuid4(), AS_OF)


def a_dividend(symbol: str, day: date, value: str = "0.8") -> CorporateAction:
    return CorporateAction(symbol, day, "dividend", Decimal(value), "market")


async def adjusted_before(admin: Database, day: date) -> dict[str, bool]:
    """Of each symbol, whether all its closes before a day are adjusted."""
    query = (
        "select symbol, bool_and(adjusted_close < close) from ingest.daily_prices where "
        f"session_date < '{day}'"
    )
    return {row[0]: row[1] for row in await rows(admin, f"{query} group by 1 order by 1")}


async def test_a_split_explains_the_jump_and_scales_what_was_before(
    role: Role, admin: Database
) -> None:
    before = {day: close for day, close in level(400).items() if day < DECEMBER[5]}
    after = {day: close / 4 for day, close in level(400).items() if day >= DECEMBER[5]}
    split = CorporateAction("TSLA", DECEMBER[5], "split", Decimal(4), "market")
    market = Market({"TSLA": before | after}, actions=[split])

    found = await fetch_history(a_feed(role("ingest"), market), {"TSLA"}, AS_OF)

    assert codes(found) == []
    adjusted = [
        row[0]
        for row in await rows(
            admin, "select adjusted_close from ingest.daily_prices order by session_date"
        )
    ]
    assert max(later / earlier for earlier, later in itertools.pairwise(adjusted)) < 1.01
    assert await emitted(role("ingest")) == {}


async def test_a_split_learnt_late_restates_history_from_its_day(
    role: Role, admin: Database
) -> None:
    market = Market({"GE": level(80)})
    feed = a_feed(role("ingest"), market)
    await fetch_history(feed, {"GE"}, DECEMBER[-2])
    market.actions = [CorporateAction("GE", DECEMBER[-1], "dividend", Decimal("0.8"), "market")]

    found = await fetch_history(feed, {"GE"}, AS_OF)

    [(close, adjusted)] = await rows(
        admin,
        "select close, adjusted_close from ingest.daily_prices where session_date = "
        f"'{DECEMBER[-2]}'",
    )
    assert adjusted == pytest.approx(float(close) - 0.8)
    assert codes(found) == []
    assert await emitted(role("ingest")) == {"GE": DECEMBER[-1]}


async def test_what_a_crash_left_unadjusted_is_adjusted_by_the_next_run(
    role: Role, admin: Database
) -> None:
    actions = [a_dividend(symbol, DECEMBER[5]) for symbol in "AB"]
    broken = Market({"A": level(80), "B": level(80)}, actions=actions, breaks_after=1)
    feed = a_feed(role("ingest"), broken)
    with pytest.raises(RuntimeError, match="killed"):
        await fetch_history(feed, {"A", "B"}, AS_OF)
    left = await adjusted_before(admin, DECEMBER[5])

    broken.breaks_after = None
    await fetch_history(feed, {"A", "B"}, AS_OF)

    assert left == {"A": False}
    assert await adjusted_before(admin, DECEMBER[5]) == {"A": True, "B": True}
    assert await rows(admin, "select count(*) from ingest.unadjusted_symbols") == [(0,)]


async def test_what_was_learnt_before_a_failure_is_kept_and_reported(
    role: Role, admin: Database
) -> None:
    closes = {symbol: level(80) for symbol in "ABC"}
    first, second = Market(closes, "first"), Market(closes, "second")
    feed = Feed(
        role("ingest"), Sources(prices=[first], corporate_actions=[first, second]), SETTINGS
    )
    await fetch_history(feed, set(closes), DECEMBER[-2])
    first.actions = second.actions = [a_dividend(symbol, DECEMBER[-4]) for symbol in "ABC"]
    first.silent_on = "B"

    found = await fetch_history(feed, set(closes), AS_OF)

    assert codes(found) == ["provider_unavailable"]
    assert second.asked_for_actions == [(frozenset("BC"), WINDOW_START, AS_OF)]
    assert set((await adjusted_before(admin, DECEMBER[-4])).values()) == {True}
    assert await emitted(role("ingest")) == dict.fromkeys("ABC", DECEMBER[-4])


async def test_the_same_split_learnt_again_is_not_reported_again(role: Role) -> None:
    reverse = CorporateAction("GE", DECEMBER[-3], "split", Decimal(1) / 3, "market")
    market = Market({"GE": level(80)}, actions=[])
    feed = a_feed(role("ingest"), market)
    await fetch_history(feed, {"GE"}, DECEMBER[-3])
    market.actions = [reverse]

    await fetch_history(feed, {"GE"}, DECEMBER[-2])
    once = await emitted(role("ingest"))
    await fetch_history(feed, {"GE"}, AS_OF)

    assert (once, await emitted(role("ingest"))) == ({"GE": DECEMBER[-3]}, {})


async def test_impossible_splits_and_dividends_are_named_and_not_stored(
    role: Role, admin: Database
) -> None:
    lies = [
        a_dividend("GE", DECEMBER[3], "NaN"),
        a_dividend("GE", DECEMBER[4], "-1"),
        CorporateAction("GE", DECEMBER[5], "split", Decimal(0), "market"),
        CorporateAction("GE", DECEMBER[6], "split", Decimal("1e12"), "market"),
        CorporateAction("GE", date(2099, 1, 2), "split", Decimal(2), "market"),
    ]
    market = Market({"GE": level(80)}, actions=lies)

    found = await fetch_history(a_feed(role("ingest"), market), {"GE"}, AS_OF)

    assert [(caveat.code, len(caveat.about)) for caveat in found] == [("action_not_believed", 4)]
    assert await rows(admin, "select count(*) from ingest.corporate_actions") == [(0,)]


async def test_a_price_too_high_to_store_is_quarantined(role: Role, admin: Database) -> None:
    market = Market({"GE": dict.fromkeys(WINDOW, 1e13)})

    found = await fetch_history(a_feed(role("ingest"), market), {"GE"}, AS_OF)

    assert codes(found) == ["price_quarantined", "unknown_symbol"]


async def put(database: Database, symbol: str, day: date, close: str) -> None:
    """What an administrator does."""
    bar = Bar(symbol, day, Decimal(close), float(close), "raw", "admin")
    async with database.transaction() as session:
        await repository.save_prices(session, [bar])


async def kept(admin: Database) -> list[tuple[Any, ...]]:
    return await rows(
        admin, "select close, session_date from ingest.daily_prices where source = 'admin'"
    )


@pytest.mark.parametrize("day", [WINDOW[0], DECEMBER[5], AS_OF])
async def test_what_an_administrator_stored_is_not_overwritten(
    day: date, role: Role, admin: Database
) -> None:
    market = Market({"XOM": level(100)}, sends_everything=True)
    await put(role("ingest"), "XOM", day, "101.5")

    await fetch_history(a_feed(role("ingest"), market), {"XOM"}, AS_OF)

    assert await kept(admin) == [(Decimal("101.5"), day)]
    assert (await stored(admin))["XOM"] == len(WINDOW)


async def test_what_an_administrator_stores_meanwhile_is_not_overwritten(
    role: Role, admin: Database
) -> None:
    market = Market({"XOM": level(100)}, seconds=0.5)
    work = asyncio.create_task(fetch_history(a_feed(role("ingest"), market), {"XOM"}, AS_OF))
    async with asyncio.timeout(15):
        while not market.asked:
            await asyncio.sleep(0.01)

    await put(role("ingest"), "XOM", AS_OF, "101.5")
    await work

    assert await kept(admin) == [(Decimal("101.5"), AS_OF)]
    assert (await stored(admin))["XOM"] == len(WINDOW)


async def test_answers_wait_for_the_next_one_no_longer_than_allowed(
    role: Role, admin: Database
) -> None:
    slow = Market({"A": level(100), "B": level(100)}, seconds=1.5)
    feed = replace(a_feed(role("ingest"), slow), seconds_at_once=0.1)
    work = asyncio.create_task(fetch_history(feed, {"A", "B"}, AS_OF))

    async with asyncio.timeout(15):
        while "A" not in await stored(admin):
            await asyncio.sleep(0.05)
    early = set(await stored(admin))
    await work

    assert early == {"A"}
    assert set(await stored(admin)) == {"A", "B"}


async def test_two_replicas_share_the_symbols_and_ask_each_once(
    role: Role, admin: Database
) -> None:
    closes = {f"S{number}": level(50 + number) for number in range(12)}
    markets = [Market(closes, seconds=0.02), Market(closes, seconds=0.02)]

    await asyncio.gather(
        *(fetch_history(a_feed(role("ingest"), market), set(closes), AS_OF) for market in markets)
    )

    asked = [symbol for market in markets for question in market.asked for symbol in question]
    assert sorted(asked) == sorted(closes)
    assert len(set((await stored(admin)).values())) == 1


async def test_symbols_of_a_replica_that_died_are_fetched_by_another(
    role: Role, admin: Database
) -> None:
    async with role("ingest").transaction() as session:
        await repository.claim_symbols(session, {"XOM"}, uuid4(), 0.3)
    market = Market({"XOM": level(100)})

    await fetch_history(a_feed(role("ingest"), market), {"XOM"}, AS_OF)

    assert len(market.asked) == 1
    assert list(await stored(admin)) == ["XOM"]


async def test_facts_are_asked_for_symbols_that_have_none(role: Role, admin: Database) -> None:
    register = Register({"XOM"})
    feed = a_feed(
        role("ingest"), Market({"XOM": level(100), "CVX": level(90)}), securities=[register]
    )

    await fetch_history(feed, {"XOM", "CVX"}, AS_OF)
    await fetch_history(feed, {"XOM", "CVX"}, AS_OF)

    assert register.asked == [["CVX", "XOM"]]
    facts = "select symbol, sector, length(name), dividend_yield from ingest.securities"
    assert await rows(admin, facts) == [("XOM", "Energy", 200, None)]


async def test_facts_learnt_before_a_failure_are_kept(role: Role, admin: Database) -> None:
    names = {f"S{number}" for number in range(30)}
    register = Register(names, questions=1)
    feed = Feed(role("ingest"), Sources(prices=(), securities=[register]), SETTINGS)

    found = await fetch_history(feed, names, AS_OF)
    register.questions = None
    await fetch_history(feed, names, AS_OF)

    [failed] = [caveat for caveat in found if caveat.code == "provider_unavailable"]
    assert failed.about == tuple(register.asked[1])
    assert [len(asked) for asked in register.asked] == [25, 5]
    assert await rows(admin, "select count(*) from ingest.securities") == [(30,)]

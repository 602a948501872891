"""Treasury yields: a series per maturity, whose gaps are filled."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.ingest import repository
from services.ingest.calculations import effective_sessions, window_start
from services.ingest.history import Feed, fetch_history
from services.ingest.inputs import MATURITY_YEARS, YieldObservation
from services.ingest.providers import ProviderUnavailable, YieldAnswer
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings
from shared.calendar import is_session, next_session, previous_session, sessions
from shared.caveats import Caveat
from shared.database import Database
from tests.servers import Role

AS_OF = date(2022, 12, 28)
SETTINGS = IngestSettings(history_sessions=70)
WINDOW = sessions(window_start(AS_OF, SETTINGS.history_sessions), AS_OF)
VETERANS_DAY = date(2022, 11, 11)  # shares are traded, bonds are not
BOND_DAYS = [day for day in WINDOW if day != VETERANS_DAY]
FIRST = previous_session(WINDOW[0]) + timedelta(
    days=1
)  # holidays before the window's first session belong to it


@dataclass
class Treasury:
    """A live provider of yields: 4 % on every bond day, unless configured otherwise; every question
    kept.
    """

    days: Collection[date] = tuple(BOND_DAYS)
    name: str = "treasury"
    live: bool = True
    fails_at: str | None = None
    percents: Mapping[tuple[str, date], float] = field(default_factory=dict)
    asked: list[dict[str, tuple[date, date]]] = field(default_factory=list)

    async def yields(self, ranges: Mapping[str, tuple[date, date]]) -> AsyncIterator[YieldAnswer]:
        if ranges:
            self.asked.append(dict(ranges))
        for maturity, (first, last) in ranges.items():
            if maturity == self.fails_at:
                raise ProviderUnavailable(self.name, "it is down")
            days = [day for day in self.days if first <= day <= last]
            yield (
                maturity,
                [
                    YieldObservation(
                        maturity, day, self.percents.get((maturity, day), 4.0), self.name
                    )
                    for day in days
                ],
            )


def a_feed(database: Database, *providers: Treasury) -> Feed:
    return Feed(database, Sources(prices=(), yields=providers), SETTINGS)


async def fetched(feed: Feed, as_of: date = AS_OF) -> list[Caveat]:
    return await fetch_history(feed, (), as_of)


async def put(database: Database, *observations: YieldObservation) -> None:
    async with database.transaction() as session:
        days = [each.observation_date for each in observations]
        effective = effective_sessions(days, is_session, next_session)
        await repository.save_yields(session, observations, effective)


async def stored(admin: Database) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    async with admin.transaction() as session:
        query = (
            "select maturity, observation_date, yield_percent, source from ingest.treasury_yields "
            "order by 2"
        )
        for maturity, *row in await session.execute(text(query)):
            found.setdefault(maturity, []).append(tuple(row))
    return found


@pytest.fixture(autouse=True)
def nothing_stored(empty: None) -> None:
    """Each test starts without rows."""


async def test_one_maturitys_row_of_today_hides_no_other_gap(role: Role, admin: Database) -> None:
    await put(role("ingest"), YieldObservation("10Y", AS_OF, 3.5, "admin"))
    treasury = Treasury()

    done = await fetched(a_feed(role("ingest"), treasury))

    assert treasury.asked == [
        dict.fromkeys(MATURITY_YEARS, (FIRST, AS_OF)) | {"10Y": (FIRST, WINDOW[-2])}
    ]
    rows = await stored(admin)
    assert {maturity: len(found) for maturity, found in rows.items()} == dict.fromkeys(
        MATURITY_YEARS, len(BOND_DAYS)
    )
    assert rows["10Y"][-1] == (AS_OF, 3.5, "admin")
    assert done == []


async def test_a_hole_is_filled_without_touching_what_is_held(role: Role, admin: Database) -> None:
    hole = BOND_DAYS[10:12]
    await put(
        role("ingest"),
        *(
            YieldObservation(maturity, day, 3.5, "admin")
            for maturity in MATURITY_YEARS
            for day in WINDOW
            if maturity != "2Y" or day not in hole
        ),
    )
    treasury = Treasury()

    await fetched(a_feed(role("ingest"), treasury))

    [question] = treasury.asked
    assert list(question) == ["2Y"]
    assert BOND_DAYS[9] < question["2Y"][0] <= hole[0]
    assert question["2Y"][1] == hole[1]
    assert [row[0] for row in (await stored(admin))["2Y"] if row[2] == "treasury"] == hole


async def test_a_bond_holiday_is_not_asked_for_again_before_its_time(role: Role) -> None:
    treasury = Treasury()
    feed = a_feed(role("ingest"), treasury)

    await fetched(feed, WINDOW[-2])
    await fetched(feed, WINDOW[-2])
    await fetched(feed)
    await fetched(replace(feed, settings=SETTINGS.model_copy(update={"recheck_hours": 1e-9})))

    first, of_today, again = treasury.asked
    assert set(first) == set(of_today) == set(again) == set(MATURITY_YEARS)
    assert {days[0] > VETERANS_DAY for days in of_today.values()} == {True}
    assert set(again.values()) == {(VETERANS_DAY, VETERANS_DAY)}


async def test_a_holiday_of_the_exchange_is_asked_for_with_the_session_after_it(
    role: Role, admin: Database
) -> None:
    christmas_monday, tuesday = date(2022, 12, 26), date(2022, 12, 27)
    treasury = Treasury([*BOND_DAYS, christmas_monday])
    feed = a_feed(role("ingest"), treasury)

    await fetched(feed, date(2022, 12, 23))
    await fetched(feed, tuesday)

    assert [row[0] for row in (await stored(admin))["10Y"]][-2:] == [christmas_monday, tuesday]


async def test_a_provider_that_fails_keeps_what_it_said_and_the_next_gives_the_rest(
    role: Role, admin: Database
) -> None:
    first, second = Treasury(name="first", fails_at="5Y"), Treasury(name="second")
    before = {"1M", "3M", "6M", "1Y", "2Y"}

    done = await fetched(a_feed(role("ingest"), first, second))

    by_source = {
        maturity: {row[2] for row in found} for maturity, found in (await stored(admin)).items()
    }
    assert by_source == {
        maturity: {"first" if maturity in before else "second"} for maturity in MATURITY_YEARS
    }
    assert [(caveat.code, caveat.message) for caveat in done] == [
        ("provider_unavailable", "first: it is down")
    ]


async def test_impossible_yields_are_named_and_not_stored(role: Role, admin: Database) -> None:
    lies = {("10Y", BOND_DAYS[3]): float("nan"), ("10Y", BOND_DAYS[4]): 388.0}
    treasury = Treasury(percents=lies)

    done = await fetched(a_feed(role("ingest"), treasury))

    [caveat] = done
    assert (caveat.code, len(caveat.about)) == ("yield_not_believed", 2)
    assert {row[0] for row in (await stored(admin))["10Y"]} == set(BOND_DAYS) - set(BOND_DAYS[3:5])

"""What a live demo shows, from stand-ins that answer as Yahoo and the Treasury: or why not."""

import csv
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from deploy.demo.books import BUNDLED, DEMO_BOOKS, LAST_SESSION, DemoBook
from deploy.demo.live_books import holdings
from deploy.local.demo_plan import DemoPlan, live_plan
from deploy.local.live import SESSIONS, Providers
from deploy.local.state import StateDirectory
from services.ingest.providers.treasury import TreasuryProvider
from services.ingest.providers.yahoo import YahooProvider
from shared.calendar import last_sessions
from shared.instruments import looks_like_option, parse_occ
from tests import panel
from tests.wire.chains import chains
from tests.wire.client import HASTY, PATIENT, Counted
from tests.wire.market import Market, bundled_market
from tests.wire.server import Reply, StandIn, as_json
from tests.wire.treasury import PATH, treasury
from tests.wire.yahoo import Chains, data_paths, yahoo

NOW = datetime(2022, 12, 29, 12, tzinfo=UTC)
DELAY = timedelta(minutes=30)
FIRST = last_sessions(LAST_SESSION, SESSIONS)[0]
UNDERLYINGS = ("AAPL", "AMD", "AMZN", "GM", "META", "MSFT", "QQQ", "SPY", "XOM")
CHAINS = chains(bundled_market(), UNDERLYINGS)
HEADLINE = (
    "Live demo of 2022-12-28: closes, splits and dividends come from Yahoo, option quotes too "
    "where it has any of that session"
)


@pytest.fixture(autouse=True)
def empty() -> None:
    """No database here."""


@dataclass(frozen=True)
class World:
    """Both stand-ins, and what a live demo makes of them."""

    yahoo: StandIn
    treasury: StandIn
    providers: Providers
    directory: StateDirectory

    def plan(self, now: datetime = NOW) -> DemoPlan:
        return live_plan(self.directory, self.providers, now, DELAY)


@contextmanager
def a_world(
    directory: Path, market: Market | None = None, listed: Chains = CHAINS
) -> Iterator[World]:
    with (
        yahoo(market or bundled_market(), directory, listed) as (server, connection),
        treasury().running() as yields,
    ):
        providers = Providers(
            YahooProvider(Counted(), patience=PATIENT, connection=connection),
            TreasuryProvider(Counted(), url=f"{yields.url}{PATH}", patience=PATIENT),
        )
        yield World(server, yields, providers, StateDirectory(directory / "state"))


def without(*symbols: str) -> Market:
    market = bundled_market()
    return replace(market, closes={s: c for s, c in market.closes.items() if s not in symbols})


def rows(plan: DemoPlan, name: str) -> list[dict[str, str]]:
    [book] = [book for book in plan.demo.books if book.file.stem == name]
    lines = book.file.read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def close(symbol: str, day: date) -> float:
    found: float = panel.closes(symbol)[panel.sessions().index(day), 0]
    return found


@dataclass(frozen=True)
class Planned:
    """A live demo when everything answers, what was requested of Yahoo, and where it is."""

    plan: DemoPlan
    paths: list[str]
    directory: StateDirectory


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    with a_world(tmp_path_factory.mktemp("live")) as world:
        return Planned(world.plan(), data_paths(world.yahoo), world.directory)


def test_the_latest_closed_session_is_shown_with_its_sources(planned: Planned) -> None:
    plan = planned.plan
    assert (plan.demo.last_session, plan.demo.opened) == (LAST_SESSION, FIRST)
    assert plan.demo.days() == last_sessions(LAST_SESSION, SESSIONS)
    assert plan.sentences[:2] == [
        f"{HEADLINE}; Treasury yields up to 2022-12-28 from the US Treasury.",
        "Options expire on 2023-02-17 and are entered at prices of 2022-12-28.",
    ]
    assert not [line for line in plan.sentences if line.startswith("Left out")]
    assert plan.directory.path == planned.directory.path / "live"
    settings = {
        name.removeprefix("SIGMASIGHT_INGEST_").lower(): json.loads(value)
        for name, value in plan.settings.items()
    }
    assert settings == {
        "prices": ["yahoo"],
        "corporate_actions": ["yahoo"],
        "yields": ["treasury"],
        "securities": ["bundled", "yahoo"],
        "option_quotes": ["yahoo"],
        "yahoo_requests_a_minute": 120,
    }


def test_each_symbol_takes_one_request_and_each_chain_two(planned: Planned) -> None:
    held = {each.underlying for book in DEMO_BOOKS for each in holdings(book.file.read_text())}

    charts = sorted(path for path in planned.paths if "/chart/" in path)
    assert charts == sorted(f"/v8/finance/chart/{symbol}" for symbol in held)
    assert len([path for path in planned.paths if "/options/" in path]) == 2 * len(UNDERLYINGS)


@pytest.mark.parametrize("book", DEMO_BOOKS, ids=lambda book: book.file.stem)
def test_shares_keep_their_quantities_and_enter_at_the_first_close(
    book: DemoBook, planned: Planned
) -> None:
    found = [
        row for row in rows(planned.plan, book.file.stem) if not looks_like_option(row["ticker"])
    ]

    bundled = holdings(book.file.read_text())
    assert [(row["ticker"], row["quantity"], row["tags"]) for row in found] == [
        (each.symbol, str(each.quantity), each.tags) for each in bundled if not each.contract
    ]
    assert {row["entry_date"] for row in found} == {FIRST.isoformat()}
    for row in found:
        assert float(row["entry_price"]) == pytest.approx(close(row["ticker"], FIRST), abs=1e-4)


def test_options_keep_their_moneyness_in_the_next_monthly_expiry(planned: Planned) -> None:
    found = [row for row in rows(planned.plan, "long_short") if looks_like_option(row["ticker"])]

    [file] = [book.file for book in DEMO_BOOKS if book.file.stem == "long_short"]
    bundled = [each for each in holdings(file.read_text()) if each.contract]
    assert [row["quantity"] for row in found] == [str(each.quantity) for each in bundled]
    for row, each in zip(found, bundled, strict=True):
        contract, before = parse_occ(row["ticker"]), each.contract
        assert before is not None
        assert (contract.underlying, contract.option_type) == (
            before.underlying,
            before.option_type,
        )
        # The same closes then and now, and strikes every 5 per cent of the close.
        step = 0.05 * close(contract.underlying, LAST_SESSION)
        assert abs(float(contract.strike - before.strike)) <= step / 2 + 1
        assert row["entry_date"] == LAST_SESSION.isoformat()
        [listed] = [q for q in CHAINS[contract.underlying] if q.contract == contract.symbol]
        assert float(row["entry_price"]) == pytest.approx(listed.last)
    assert len({row["ticker"] for row in found}) == len(found)


def test_equity_keeps_its_ratio_to_the_shares(planned: Planned) -> None:
    for made, bundled in zip(planned.plan.demo.books, BUNDLED.books, strict=True):
        shares = [each for each in holdings(bundled.file.read_text()) if not each.contract]
        gross = {
            day: sum(abs(float(each.quantity)) * close(each.symbol, day) for each in shares)
            for day in (FIRST, BUNDLED.opened)
        }
        expected = float(bundled.equity_balance) * gross[FIRST] / gross[BUNDLED.opened]
        assert float(made.equity_balance) == pytest.approx(expected, abs=501)


def test_what_yahoo_does_not_have_is_left_out_and_named(tmp_path: Path) -> None:
    listed = {name: chain for name, chain in CHAINS.items() if name != "GM"}

    with a_world(tmp_path, without("KO", "AMD"), listed) as world:
        plan = world.plan()

    assert [line for line in plan.sentences if line.startswith("Left out")] == [
        f"Left out: KO: Yahoo has no close of {FIRST} and 2022-12-28.",
        f"Left out: AMD: Yahoo has no close of {FIRST} and 2022-12-28.",
        "Left out: options on GM: Yahoo lists none for a month that ends 45 days out or later.",
    ]
    assert "KO" not in {row["ticker"] for row in rows(plan, "individual")}
    long_short = {row["ticker"] for row in rows(plan, "long_short")}
    assert not [ticker for ticker in long_short if ticker.startswith("AMD")]
    assert [ticker for ticker in long_short if ticker.startswith("GM")] == ["GM"]


def test_books_stand_without_options_when_chains_are_refused(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        world.yahoo.whenever(
            lambda request: as_json({}, 429) if "/options/" in request.path else None
        )
        plan = world.plan()

    left_out = [line for line in plan.sentences if line.startswith("Left out")]
    assert len(left_out) == len(UNDERLYINGS)
    assert left_out[0] == "Left out: options on AAPL: Yahoo limits our requests (HTTP 429)."
    assert not [row for row in rows(plan, "long_short") if looks_like_option(row["ticker"])]


def test_without_yields_the_demo_is_live_and_says_so(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        world.treasury.whenever(lambda request: Reply(503, b""))
        plan = world.plan()

    assert plan.sentences[:2] == [
        f"{HEADLINE}.",
        "The US Treasury fails (HTTP 503): the configured rate replaces Treasury yields.",
    ]
    assert plan.settings["SIGMASIGHT_INGEST_YIELDS"] == '["bundled"]'


def test_a_session_that_yahoo_does_not_have_yet_is_not_shown(tmp_path: Path) -> None:
    market = bundled_market()
    late = {
        symbol: {day: price for day, price in closes.items() if day < LAST_SESSION}
        for symbol, closes in market.closes.items()
    }
    with a_world(tmp_path, replace(market, closes=late)) as world:
        assert world.plan().demo.last_session == date(2022, 12, 27)


def test_a_session_that_closed_a_moment_ago_is_not_shown_yet(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        plan = world.plan(datetime(2022, 12, 28, 21, 15, tzinfo=UTC))

    assert plan.demo.last_session == date(2022, 12, 27)


def test_a_second_demo_keeps_its_portfolios_and_moves_on(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        before = world.plan(NOW - timedelta(days=1))
        files = {book.file: book.file.read_text() for book in before.demo.books}
        requests = len(data_paths(world.yahoo))
        plan = world.plan()

        assert set(data_paths(world.yahoo)[requests:]) <= {"/v8/finance/chart/SPY"}
    assert {book.file: book.file.read_text() for book in plan.demo.books} == files
    assert (before.demo.last_session, plan.demo.last_session) == (date(2022, 12, 27), LAST_SESSION)
    assert plan.demo.opened == before.demo.opened
    # Yahoo's quotes were of the next session already, which is said as long as they are held.
    entered = "Options expire on 2023-02-17 and are entered at prices of 2022-12-28."
    assert entered in before.sentences
    assert entered in plan.sentences


REFUSALS = {
    "fails (HTTP 500)": Reply(500, b""),
    "limits our requests (HTTP 429)": as_json({}, 429),
    "limits our requests (HTTP 429) and requests a wait of 3600 s": as_json(
        {}, 429, Retry_After="3600"
    ),
    "answers with something that is not its data": Reply(200, b"<html>consent</html>"),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_the_bundled_files_replace_what_yahoo_refuses_in_one_sentence(
    reason: str, tmp_path: Path
) -> None:
    with a_world(tmp_path) as world:
        world.yahoo.whenever(lambda request: REFUSALS[reason])
        plan = world.plan()

    assert plan == DemoPlan(
        world.directory,
        sentences=[f"Yahoo {reason}: the demo shows the bundled files up to 2022-12-28 instead."],
    )
    assert not (world.directory.path / "live").exists()


def test_yahoo_that_is_gone_or_silent_is_given_up_within_seconds(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        connection = world.providers.yahoo._connection  # type: ignore[attr-defined]
        hasty = Providers(
            YahooProvider(Counted(), patience=replace(HASTY, attempts=1), connection=connection),
            world.providers.treasury,
        )
        world.yahoo.take_time(1.2)
        started = time.monotonic()
        silent = replace(world, providers=hasty).plan()
        assert time.monotonic() - started < 10
    gone = world.plan()

    instead = "the demo shows the bundled files up to 2022-12-28 instead."
    assert silent.sentences == [f"Yahoo does not answer in time: {instead}"]
    assert gone.sentences == [f"Yahoo cannot be reached: {instead}"]


def test_trouble_in_the_middle_leaves_no_half_made_portfolios(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        world.yahoo.whenever(
            lambda request: Reply(500, b"") if request.path.endswith("/WMT") else None
        )
        plan = world.plan()
        assert plan.sentences == [
            "Yahoo fails (HTTP 500): the demo shows the bundled files up to 2022-12-28 instead."
        ]
        world.yahoo.whenever(lambda request: None)
        assert world.plan().demo.opened == FIRST

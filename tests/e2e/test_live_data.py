"""A book over live prices: unknown symbols are fetched on upload, and the report says from whom.

A stand-in answers as Polygon with the bundled panel's closes, moved to the newest sessions there
are: a live provider has every session up to now.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.api import connection
from shared.calendar import last_closed, sessions
from sigmasight_client.models import PortfolioReport
from tests import panel
from tests.builders import a_portfolio, a_position, save_positions
from tests.stack import RunningStack, running_stack
from tests.wire.market import KEY, moved_market
from tests.wire.polygon import polygon
from tests.wire.server import StandIn

OTHERS = [symbol for symbol in panel.symbols() if symbol not in panel.PROXIES]
EMAIL = "live@example.com"
PASSWORD = "correct horse battery"
SYMBOLS, MORE = OTHERS[:30], [f"{symbol}Q" for symbol in OTHERS[30:]]
NOW = datetime.now(UTC)
# How long after a close its session counts: so long that none begins to count during the tests.
DELAY = next(
    delay
    for delay in (timedelta(hours=1), timedelta(hours=3))
    if last_closed(NOW - delay) == last_closed(NOW - delay + timedelta(hours=1))
)
LAST = last_closed(NOW - DELAY)
DAYS = sessions(LAST - timedelta(days=800), LAST)


@pytest.fixture(scope="module")
def market() -> Iterator[StandIn]:
    with polygon(moved_market(DAYS, "Q")).running() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def stack(market: StandIn) -> Iterator[RunningStack]:
    environment = {
        "POLYGON_API_KEY": KEY,
        "SIGMASIGHT_INGEST_POLYGON_URL": market.url,
        "SIGMASIGHT_INGEST_POLYGON_PLAN": "unlimited",
        "SIGMASIGHT_INGEST_CLOSE_DELAY_SECONDS": str(DELAY.total_seconds()),
        "SIGMASIGHT_INGEST_PRICES": '["polygon", "bundled"]',
        "SIGMASIGHT_INGEST_SECURITIES": '["polygon", "bundled"]',
        "SIGMASIGHT_INGEST_CORPORATE_ACTIONS": '["polygon"]',
    }
    with running_stack(**environment) as running:
        yield running


@pytest.fixture(scope="module")
def report(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> PortfolioReport:
    """What a new user sees after uploading thirty symbols that are not stored."""
    file = tmp_path_factory.mktemp("book") / "book.csv"
    entered = DAYS[-10].isoformat()
    lines = [f"{symbol}Q,100,50.00,{entered}," for symbol in SYMBOLS]
    file.write_text("\n".join(["ticker,quantity,entry_price,entry_date,tags", *lines]))
    with connection(stack.state, EMAIL, PASSWORD) as api:
        api.register({"email": EMAIL, "password": PASSWORD, "full_name": "Live"})
        form = {"portfolio_name": "Live book", "equity_balance": 1_000_000, "as_of": LAST}
        answer = api.upload_positions(file.read_bytes(), form | {"mode": "all_or_nothing"})
        run_id = answer["run_id"]
        portfolio = answer["portfolio"]
        assert run_id is not None
        assert portfolio is not None
        run = stack.finished([run_id])[run_id]
        assert run["status"] == "completed", run["problems"]
        return api.get_report(portfolio["portfolio_id"])


def test_unknown_symbols_are_priced_up_to_the_last_close(report: PortfolioReport) -> None:
    assert report["as_of"] == LAST.isoformat()
    expected = sum(100 * panel.closes(symbol, last=1)[0, 0] for symbol in SYMBOLS)
    assert report["snapshot"] is not None
    assert report["snapshot"]["market_value"] == pytest.approx(expected, abs=0.01)


def test_each_symbol_is_asked_for_once(report: PortfolioReport, market: StandIn) -> None:
    asked = [path.split("/")[4] for path in market.paths() if path.startswith("/v2/aggs/ticker/")]

    assert sorted(asked) == sorted({f"{symbol}Q" for symbol in SYMBOLS} | set(panel.PROXIES))


def test_the_key_is_in_no_log(report: PortfolioReport, stack: RunningStack) -> None:
    logs = list(stack.directory.path.rglob("*.log"))

    assert logs
    assert not [path for path in logs if KEY in path.read_text(errors="replace")]


def backfilled(stack: RunningStack, market: StandIn) -> tuple[list[str], list[str]]:
    """What `sigmasight backfill` prints away from a terminal, and the paths it queries."""
    before = len(market.paths())
    environment = os.environ | {"SIGMASIGHT_STATE_DIR": str(stack.directory.path), "COLUMNS": "200"}
    command = [sys.executable, "-m", "deploy.local", "backfill"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    # The symbol that no provider knows makes the run partial, and the command says so.
    problem = "prices: no provider knows these symbols: they have no price: NOPEQ"
    assert (done.returncode, done.stderr.splitlines()) == (1, [problem]), done.stdout
    return done.stdout.splitlines(), market.paths()[before:]


@pytest.fixture(scope="module")
async def held(stack: RunningStack, report: PortfolioReport) -> None:
    """Twenty more symbols, which were never requested, and one that no provider knows."""
    database = stack.database()
    portfolio_id = await a_portfolio(database)
    entered = DAYS[-10]
    positions = [a_position(portfolio_id, symbol, 10, 50, entered) for symbol in [*MORE, "NOPEQ"]]
    await save_positions(database, *positions)
    await database.close()


def test_backfill_shows_every_symbol_until_it_is_stored(
    held: None, stack: RunningStack, market: StandIn
) -> None:
    lines, paths = backfilled(stack, market)

    assert lines[0] == "Providers of closes, in this order: polygon (live), bundled (files)."
    stored = [
        line.split(":")[0] for line in lines if line.endswith("253 of 253 sessions from polygon")
    ]
    assert sorted(stored) == sorted(MORE)
    assert any(line.startswith("NOPEQ: 0 of 253 sessions (unknown to polygon") for line in lines)
    table = lines[next(n for n, line in enumerate(lines) if line.startswith("not complete")) + 1 :]
    assert [line.split()[0] for line in table if line.split()[0] != "yields"] == ["NOPEQ"]
    asked = [path for path in paths if path.startswith("/v2/aggs/ticker/")]
    assert len(asked) == len(MORE) + 1


def test_a_second_backfill_asks_for_no_closes_again(
    held: None, stack: RunningStack, market: StandIn
) -> None:
    lines, paths = backfilled(stack, market)

    assert not [line for line in lines if "sessions from" in line]
    assert not [path for path in paths if path.startswith("/v2/aggs/")]
    quality = stack.api.get_progress()
    assert (quality["progress"]["complete"], quality["progress"]["settled"]) == (
        len(SYMBOLS) + len(MORE) + len(panel.PROXIES),
        1,
    )


def test_the_report_names_the_live_provider(report: PortfolioReport) -> None:
    market_data = report["market_data"]

    assert market_data["sources"] == [{"source": "polygon", "basis": "raw", "prices": len(SYMBOLS)}]
    assert market_data["sentence"].startswith(
        "Prices come from Polygon (closes as traded): queried in this order: Polygon"
    )

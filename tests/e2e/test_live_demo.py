"""`sigmasight demo --live`, from stand-ins that the programs find as they would find Yahoo.

The panel's closes are moved to the newest sessions there are. Yahoo is behind a proxy, as in many
companies: HTTPS_PROXY and REQUESTS_CA_BUNDLE lead there, and no setting of ours.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.demo.books import DEMO_BOOKS
from deploy.local.live import SESSIONS
from deploy.local.places import outside_place, remove_place
from deploy.local.state import PROJECT
from shared.calendar import last_closed, last_sessions, sessions
from tests.wire.chains import chains
from tests.wire.market import Market, moved_market
from tests.wire.proxy import proxy
from tests.wire.server import StandIn
from tests.wire.treasury import PATH, bundled_curves, treasury
from tests.wire.yahoo import HOSTS, data_paths, yahoo

LAST = last_closed(datetime.now(UTC) - timedelta(minutes=30))
DAYS = sessions(LAST - timedelta(days=800), LAST)
UNDERLYINGS = ("AAPL", "AMD", "AMZN", "META", "MSFT", "QQQ", "SPY", "XOM")  # none of GM
UNKNOWN = "KO"


def market_now() -> Market:
    moved = moved_market(DAYS, ("",))
    return replace(moved, closes={s: days for s, days in moved.closes.items() if s != UNKNOWN})


@contextmanager
def stand_ins(directory: Path) -> Iterator[tuple[StandIn, Mapping[str, str]]]:
    """Yahoo's stand-in, and the environment in which both are found."""
    market = market_now()
    curves = dict(zip(DAYS, list(bundled_curves().values())[-len(DAYS) :], strict=True))
    with (
        yahoo(market, directory, chains(market, UNDERLYINGS)) as (server, connection),
        proxy(HOSTS, server.port) as address,
        treasury(curves).running() as yields,
    ):
        yield (
            server,
            {
                "HTTPS_PROXY": address,
                "https_proxy": address,
                "REQUESTS_CA_BUNDLE": str(connection["verify"]),
                "SIGMASIGHT_INGEST_TREASURY_URL": f"{yields.url}{PATH}",
            },
        )


@pytest.fixture(scope="module")
def shown(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[subprocess.CompletedProcess[str], StandIn]]:
    directory = tmp_path_factory.mktemp("live") / "state"
    with stand_ins(tmp_path_factory.mktemp("authority")) as (server, environment):
        done = subprocess.run(
            [sys.executable, "-m", "deploy.local", "demo", "--once", "--live"],
            env=os.environ
            | environment
            | {"SIGMASIGHT_STATE_DIR": str(directory), "COLUMNS": "200"},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        yield done, server
    remove_place(outside_place(directory / "live" / "postgres"))


def test_the_latest_session_is_reported_with_its_sources(
    shown: tuple[subprocess.CompletedProcess[str], StandIn],
) -> None:
    done, _ = shown

    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert f"Live demo of {LAST}: closes, splits and dividends come from Yahoo" in done.stdout
    assert f"Treasury yields up to {LAST} from the US Treasury." in done.stdout
    assert f"{SESSIONS} runs in" in done.stdout
    assert "missing:" not in done.stdout
    for book in DEMO_BOOKS:
        title = f"{book.portfolio} ({book.full_name}) as of {LAST}"
        report = done.stdout.split(title)[1].split("╰")[0]
        assert "Prices come from Yahoo (" in report
        assert "bundled" not in report
        assert "n/a" not in report


def test_options_are_valued_at_quotes_of_the_session(
    shown: tuple[subprocess.CompletedProcess[str], StandIn],
) -> None:
    report = shown[0].stdout.split(f"{DEMO_BOOKS[2].portfolio} (")[1].split("╰")[0]

    assert "option quotes)" in report


def test_what_is_not_to_be_had_is_named(
    shown: tuple[subprocess.CompletedProcess[str], StandIn],
) -> None:
    done, _ = shown
    first = last_sessions(LAST, SESSIONS)[0]

    assert f"Left out: {UNKNOWN}: Yahoo has no close of {first} and {LAST}." in done.stdout
    assert "Left out: options on GM: Yahoo lists none" in done.stdout


def test_ingest_requests_each_history_once(
    shown: tuple[subprocess.CompletedProcess[str], StandIn],
) -> None:
    charts = [path for path in data_paths(shown[1]) if "/chart/" in path]

    # Once to make the portfolios, once by ingest.
    assert max(charts.count(path) for path in charts) == 2

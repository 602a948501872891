"""A book over live prices: unknown symbols are fetched on upload, and the report says from whom.

A stand-in answers as Polygon with the bundled panel's closes, moved to the newest sessions there are: a live provider
has every session up to now.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from deploy.local.client import ApiClient
from shared.calendar import last_closed, sessions
from tests import panel
from tests.stack import RunningStack, running_stack
from tests.wire.market import KEY, Listing, Market
from tests.wire.polygon import polygon
from tests.wire.server import StandIn

SYMBOLS = [symbol for symbol in panel.symbols() if symbol not in panel.PROXIES][:30]
LAST = last_closed(datetime.now(UTC) - timedelta(hours=1))
DAYS = sessions(LAST - timedelta(days=800), LAST)


def todays_market() -> Market:
    """The panel's last closes on the newest sessions, under names that the bundled data do not know."""
    names = {symbol: symbol if symbol in panel.PROXIES else f"{symbol}Q" for symbol in panel.symbols()}
    table = panel.closes(*names, last=len(DAYS))
    closes = {
        name: {day: float(close) for day, close in zip(DAYS, table[:, column], strict=True) if close == close}
        for column, name in enumerate(names.values())
    }
    return Market(closes, listings={name: Listing(f"{name} Inc.") for name in closes})


@pytest.fixture(scope="module")
def market() -> Iterator[StandIn]:
    with polygon(todays_market()).running() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def stack(market: StandIn) -> Iterator[RunningStack]:
    environment = {
        "POLYGON_API_KEY": KEY,
        "SIGMASIGHT_INGEST_POLYGON_URL": market.url,
        "SIGMASIGHT_INGEST_POLYGON_PLAN": "unlimited",
        "SIGMASIGHT_INGEST_PRICES": '["polygon", "bundled"]',
        "SIGMASIGHT_INGEST_SECURITIES": '["polygon", "bundled"]',
        "SIGMASIGHT_INGEST_CORPORATE_ACTIONS": '["polygon"]',
    }
    with running_stack(**environment) as running:
        yield running


@pytest.fixture(scope="module")
def report(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a new user sees after uploading thirty symbols nobody has stored."""
    file = tmp_path_factory.mktemp("book") / "book.csv"
    entered = DAYS[-10].isoformat()
    lines = [f"{symbol}Q,100,50.00,{entered}," for symbol in SYMBOLS]
    file.write_text("\n".join(["ticker,quantity,entry_price,entry_date,tags", *lines]))
    with ApiClient(stack.state.gateway_url, "live@example.com", "correct horse battery") as api:
        api.register("Live")
        answer = api.upload("Live book", Decimal(1_000_000), LAST, Path(file))
        run = stack.finished([answer["run_id"]])[answer["run_id"]]
        assert run["status"] == "completed", run["problems"]
        found: dict[str, Any] = api.get(f"portfolios/{answer['portfolio']['portfolio_id']}/report")
    return found


def test_unknown_symbols_are_priced_up_to_the_last_close(report: dict[str, Any]) -> None:
    assert report["as_of"] == LAST.isoformat()
    expected = sum(100 * panel.closes(symbol, last=1)[0, 0] for symbol in SYMBOLS)
    assert report["snapshot"]["market_value"] == pytest.approx(expected, abs=0.01)


def test_each_symbol_is_asked_for_once(report: dict[str, Any], market: StandIn) -> None:
    asked = [path.split("/")[4] for path in market.paths() if path.startswith("/v2/aggs/ticker/")]

    assert sorted(asked) == sorted({f"{symbol}Q" for symbol in SYMBOLS} | set(panel.PROXIES))


def test_the_key_is_in_no_log(report: dict[str, Any], stack: RunningStack) -> None:
    logs = list(stack.directory.path.rglob("*.log"))

    assert logs
    assert not [path for path in logs if KEY in path.read_text(errors="replace")]

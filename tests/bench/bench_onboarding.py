"""Seconds from the upload of a portfolio without stored prices to its first report.

`python -m tests.bench.bench_onboarding`. A stand-in answers as Polygon from a separate process,
without a limit, with closes up to today. The first book brings the factors' proxies in and warms
the processes up; each of the others has thirty different symbols. The database says when the last
close was stored.
"""

import asyncio
import statistics
import string
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from sqlalchemy import text

from shared.calendar import last_closed, sessions
from tests.bench.bench_upload_to_report import enter, followed
from tests.panel import PROXIES, symbols
from tests.stack import RunningStack, running_stack
from tests.wire.market import KEY, Market, moved_market
from tests.wire.process import Elsewhere, polygon_elsewhere

SYMBOLS, BOOKS = 30, 7
STORED_SECONDS, ANALYTICS_SECONDS = 5.0, 5.0
LAST = last_closed(datetime.now(UTC) - timedelta(hours=1))
DAYS = sessions(LAST - timedelta(days=800), LAST)
SUFFIXES = string.ascii_uppercase[: BOOKS + 1]


@dataclass(frozen=True)
class Timing:
    """Seconds: from the upload to the last close stored, and from there to the report read.

    Stages since the upload.

    `closes`: how many were stored.
    """

    closes: int
    stored: float
    analytics: float
    stages: dict[str, float]


def run() -> list[dict[str, Any]]:
    """The median and the slowest of the books, against the limits."""
    with polygon_elsewhere(market) as provider, running_stack(**_environment(provider)) as stack:
        _onboard(stack, SUFFIXES[0])
        assert _price_requests(provider) == Counter([*PROXIES, *book(SUFFIXES[0])])
        return _rows([_onboarded(stack, provider, suffix) for suffix in SUFFIXES[1:]])


def market() -> Market:
    """What the stand-in knows: each book's symbols end in a different letter."""
    return moved_market(DAYS, SUFFIXES)


def book(suffix: str) -> list[str]:
    """Thirty symbols that no other book has."""
    stocks = [symbol for symbol in symbols() if symbol not in PROXIES and symbol.isalpha()]
    return [f"{symbol}{suffix}" for symbol in stocks[:SYMBOLS]]


def _environment(provider: Elsewhere) -> dict[str, str]:
    return {
        "POLYGON_API_KEY": KEY,
        "SIGMASIGHT_INGEST_POLYGON_URL": provider.url,
        "SIGMASIGHT_INGEST_POLYGON_PLAN": "unlimited",
        "SIGMASIGHT_INGEST_PRICES": '["polygon", "bundled"]',
        "SIGMASIGHT_INGEST_SECURITIES": '["polygon", "bundled"]',
        "SIGMASIGHT_INGEST_CORPORATE_ACTIONS": '["polygon"]',
    }


def _onboarded(stack: RunningStack, provider: Elsewhere, suffix: str) -> Timing:
    """One book's way; its symbols, and no others, are asked for once."""
    before = _price_requests(provider)
    timing = _onboard(stack, suffix)
    assert _price_requests(provider) - before == Counter(book(suffix))
    return timing


def _price_requests(provider: Elsewhere) -> Counter[str]:
    """How often the closes of each symbol, or of a whole session, were asked for."""
    paths = [path.split("/") for path in provider.paths() if path.startswith("/v2/aggs/")]
    return Counter(parts[4] if parts[3] == "ticker" else parts[-1] for parts in paths)


def _onboard(stack: RunningStack, suffix: str) -> Timing:
    names = book(suffix)
    lines = [f"{symbol},100,50.00,{DAYS[-10].isoformat()}," for symbol in names]
    file = "\n".join(["ticker,quantity,entry_price,entry_date,tags", *lines]).encode()
    with httpx2.Client(base_url=f"{stack.state.gateway_url}/api/v1/", timeout=60) as http:
        enter(http, f"book{suffix}@example.com")
        began, started = time.time(), time.perf_counter()
        answer = http.post(
            "portfolio/upload",
            data={"portfolio_name": "Book", "as_of": LAST.isoformat(), "mode": "all_or_nothing"},
            files={"file": ("book.csv", file, "text/csv")},
        )
        assert answer.status_code == 201, answer.text
        stages = followed(http, answer.json()["run_id"], started)
        report = http.get(f"portfolios/{answer.json()['portfolio']['portfolio_id']}/report").json()
        reported = time.perf_counter() - started
    assert report["snapshot"] is not None, report
    assert len(report["positions"]) == SYMBOLS
    closes, moment = asyncio.run(_stored(stack, names))
    assert closes >= 252 * SYMBOLS, closes
    stored = moment - began
    return Timing(closes, stored, reported - stored, stages)


async def _stored(stack: RunningStack, names: Sequence[str]) -> tuple[int, float]:
    """How many closes the symbols have, and when the last were stored.

    Seconds since 1970, of that transaction.
    """
    closes = "select count(*) from ingest.daily_prices where symbol = any(:names)"
    asked = (
        "select max(asked_at) from ingest.fetch_log where kind = 'prices' and symbol = any(:names)"
    )
    database = stack.database()
    try:
        async with database.transaction() as session:
            count = await session.scalar(text(closes), {"names": names})
            moment = await session.scalar(text(asked), {"names": names})
    finally:
        await database.close()
    return int(count or 0), moment.timestamp()


def _rows(timings: Sequence[Timing]) -> list[dict[str, Any]]:
    middle = sorted(timings, key=lambda timing: timing.stored + timing.analytics)[len(timings) // 2]
    way = " ".join(f"{stage} {seconds:.2f}" for stage, seconds in middle.stages.items())
    book = f"{SYMBOLS} symbols x {middle.closes // SYMBOLS} sessions not stored before"
    stored, analytics = (
        [getattr(timing, name) for timing in timings] for name in ("stored", "analytics")
    )
    usual, worst = f"median of {BOOKS}", f"slowest of {BOOKS}"
    return [
        _row(
            f"onboarding, {book}: upload to last close, {usual}",
            statistics.median(stored),
            STORED_SECONDS,
        ),
        _row(f"onboarding, {book}: upload to last close, {worst}", max(stored), STORED_SECONDS),
        _row(
            f"from there to the report, {usual} ({way})",
            statistics.median(analytics),
            ANALYTICS_SECONDS,
        ),
        _row(f"from there to the report, {worst}", max(analytics), ANALYTICS_SECONDS),
    ]


def _row(name: str, seconds: float, limit: float) -> dict[str, Any]:
    return {
        "name": name,
        "value": seconds,
        "peer": f"at most {limit:g} s",
        "ratio": limit / seconds,
        "accuracy": None,
    }


if __name__ == "__main__":
    from tests.bench import show

    show(run())

"""Seconds from an upload to the full report of a 50-position book whose prices are stored, on the
real stack.

`python -m tests.bench.bench_upload_to_report`. A first book of the same symbols brings the prices
in and warms the processes up; each of the others belongs to a different user, follows its run by
server-sent events, and reads its report when the results are published.
"""

import json
import random
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import httpx2

from tests.bench.measuring import Measurement, within
from tests.panel import symbols
from tests.stack import RunningStack, running_stack

STOCKS, OPTIONS, BOOKS = 40, 10, 9
AS_OF, BUDGET_SECONDS = "2022-12-28", 3.0
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Timing:
    """Seconds since the upload: answered, each stage and the results published, report read."""

    uploaded: float
    stages: Mapping[str, float]
    ready: float
    reported: float


def run() -> list[dict[str, Any]]:
    """The median and the slowest of the books, against the budget."""
    with running_stack() as stack:
        timed(stack, 0)
        timings = [timed(stack, number) for number in range(1, BOOKS + 1)]
    return _rows(timings)


def _rows(timings: list[Timing]) -> list[dict[str, Any]]:
    totals = [timing.reported for timing in timings]
    middle = sorted(timings, key=lambda timing: timing.reported)[len(timings) // 2]
    way = " ".join(f"{stage} {seconds:.2f}" for stage, seconds in middle.stages.items())
    parts = f"upload {middle.uploaded:.2f} {way} results {middle.ready:.2f}"
    book = f"{STOCKS + OPTIONS} positions, prices stored"
    return [
        _row(
            f"upload to report: {book}, median of {len(totals)} ({parts})",
            statistics.median(totals),
        ),
        _row(f"upload to report: {book}, slowest of {len(totals)}", max(totals)),
    ]


def _row(name: str, seconds: float) -> Measurement:
    return within(BUDGET_SECONDS, f"at most {BUDGET_SECONDS:g} s", name, seconds)


def timed(stack: RunningStack, number: int) -> Timing:
    """Upload the book of a number as a separate user, and read its report."""
    url = f"{stack.state.gateway_url}/api/v1/"
    with httpx2.Client(base_url=url, timeout=60) as http:
        enter(http, f"book{number}@example.com")
        started = perf_counter()
        answer = http.post(
            "portfolio/upload",
            data={"portfolio_name": "Book", "as_of": AS_OF, "mode": "all_or_nothing"},
            files={"file": ("book.csv", a_book(number).encode(), "text/csv")},
        )
        assert answer.status_code == 201, answer.text
        uploaded = perf_counter() - started
        stages = followed(http, answer.json()["run_id"], started)
        ready = perf_counter() - started
        portfolio_id = answer.json()["portfolio"]["portfolio_id"]
        report = http.get(f"portfolios/{portfolio_id}/report").json()
        reported = perf_counter() - started
    assert report["snapshot"] is not None, report
    assert len(report["positions"]) == STOCKS + OPTIONS
    assert report["metrics"]["as_of"] == AS_OF
    return Timing(uploaded, stages, ready, reported)


def enter(http: httpx2.Client, email: str) -> None:
    """Register and log in; the client carries the token from then on."""
    credentials = {"email": email, "password": PASSWORD}
    http.post("auth/register", json=credentials)
    token = http.post("auth/login", json=credentials).json()["access_token"]
    http.headers["Authorization"] = f"Bearer {token}"


def followed(http: httpx2.Client, run_id: str, started: float) -> dict[str, float]:
    """When each stage was published, until the results are."""
    stages: dict[str, float] = {}
    kind = ""
    with http.stream("GET", "events", params={"run_id": run_id}) as answer:
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            kind = value if name == "event" else kind
            if name == "data" and kind == "stage":
                stages[json.loads(value)["stage"]] = perf_counter() - started
            if name == "data" and kind == "results":
                assert json.loads(value)["status"] == "ready", value
                return stages
    raise AssertionError("the stream ended before the results")


def a_book(number: int) -> str:
    """A position file of the same symbols for every number, with other quantities."""
    chance = random.Random(number)
    names = [symbol for symbol in symbols() if symbol.isalpha()][: STOCKS + OPTIONS]
    lines = [
        f"{symbol},{chance.randrange(10, 500)},{chance.randrange(20, 300)},2022-06-01,core"
        for symbol in names[:STOCKS]
    ]
    lines += [
        f"{symbol}230616C{chance.randrange(25, 200) * 1000:08d},"
        f"{chance.choice([-5, 5])},4.5,2022-11-01,hedge"
        for symbol in names[STOCKS:]
    ]
    return "\n".join(["ticker,quantity,entry_price,entry_date,tags", *lines]) + "\n"


if __name__ == "__main__":
    for row in run():
        print(f"{row['name']}: {row['value']:.2f} {row['unit']} ({row['peer']})")

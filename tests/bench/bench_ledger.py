"""Seconds from an upload to the report of a portfolio with 5,000 transactions over three years,
against the same book given as positions, on the real stack.

`python -m tests.bench.bench_ledger`. Every purchase is of ten shares and every sale closes the
oldest lot, so both files say the same: 3,000 lots, of which 2,000 are closed. Each upload is of
another user; a first pair of them, which does not count, brings the prices in.
"""

import statistics
from datetime import date, timedelta
from time import perf_counter
from typing import Any

import httpx2

from tests.bench.bench_upload_to_report import enter, followed
from tests.panel import symbols
from tests.stack import RunningStack, running_stack

BOUGHT = 3_000
SOLD = 2_000
START = date(2020, 1, 2)
AS_OF = "2022-12-28"
ALLOWED = 2.5
REPETITIONS = 3


def run() -> list[dict[str, Any]]:
    """The median time of the ledger, and of the positions as its peer."""
    with running_stack() as stack:
        for number in range(2):
            _timed(stack, f"first{number}@example.com", (_transactions(), _positions())[number])
        ledgers = [
            _timed(stack, f"ledger{number}@example.com", _transactions())
            for number in range(REPETITIONS)
        ]
        books = [
            _timed(stack, f"book{number}@example.com", _positions())
            for number in range(REPETITIONS)
        ]
    seconds = statistics.median(ledgers)
    peer = statistics.median(books)
    return [
        {
            "name": f"upload to report: {BOUGHT + SOLD:,} transactions, median of {REPETITIONS}",
            "value": seconds,
            "unit": "s",
            "peer": f"the same lots as positions ({peer:.2f} s); at most {ALLOWED:g} times",
            "ratio": peer / seconds,
            "accuracy": None,
        }
    ]


def _timed(stack: RunningStack, email: str, file: str) -> float:
    url = f"{stack.state.gateway_url}/api/v1/"
    with httpx2.Client(base_url=url, timeout=120) as http:
        enter(http, email)
        started = perf_counter()
        answer = http.post(
            "portfolio/upload",
            data={"portfolio_name": "Book", "as_of": AS_OF, "mode": "all_or_nothing"},
            files={"file": ("book.csv", file.encode(), "text/csv")},
        )
        assert answer.status_code == 201, answer.text
        followed(http, answer.json()["run_id"], started)
        report = http.get(f"portfolios/{answer.json()['portfolio']['portfolio_id']}/report").json()
        seconds = perf_counter() - started
    assert len(report["positions"]) == BOUGHT - SOLD, report["positions"][:1]
    return seconds


def _trades() -> list[tuple[str, date, float]]:
    """Symbol, day and price of each purchase; a year later the oldest ones are sold."""
    names = [symbol for symbol in symbols() if symbol.isalpha()][:40]
    return [
        (names[number % 40], START + timedelta(days=number // 4), 50.0 + number % 100)
        for number in range(BOUGHT)
    ]


def _sale(bought: date, price: float) -> tuple[date, float]:
    return bought + timedelta(days=365), price + 5.0


def _transactions() -> str:
    lines = ["date,type,symbol,quantity,price"]
    lines += [f"{day},buy,{symbol},10,{price}" for symbol, day, price in _trades()]
    for symbol, bought, price in _trades()[:SOLD]:
        day, received = _sale(bought, price)
        lines.append(f"{day},sell,{symbol},10,{received}")
    return "\n".join(lines) + "\n"


def _positions() -> str:
    lines = [
        "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Exit Date,"
        "Exit Price Per Share"
    ]
    for number, (symbol, bought, price) in enumerate(_trades()):
        day, received = _sale(bought, price) if number < SOLD else ("", "")
        lines.append(f"{symbol},10,{price},{bought},PUBLIC,{day},{received}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for row in run():
        print(f"{row['name']}: {row['value']:.2f} {row['unit']} ({row['peer']})")

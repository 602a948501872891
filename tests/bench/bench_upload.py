"""Seconds to validate and load position files of 10,000 rows through the API of the real stack.

`python -m tests.bench.bench_upload`. Each file is validated (`dry_run`), loaded into a new
portfolio and uploaded once more unchanged, while another user reads; one has a third of its rows
wrong. The gateway runs beside the other processes of the stack, as ever.
"""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from time import perf_counter, sleep
from typing import Any

from services.gateway.books.files import MAX_ROWS, Rules, holdings_of, sheet_of
from shared.calendar import is_session
from tests.bench.measuring import Measurement, within
from tests.panel import symbols
from tests.stack import RunningStack, running_stack

LIMIT_SECONDS = 3.0
AS_OF, FIRST_DAY = date(2022, 12, 28), date(2018, 1, 2)
FIVE = "ticker,quantity,entry_price,entry_date,tags"
TWELVE = (
    "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment "
    "Subtype,Underlying Symbol,"
    "Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share"
)


def run() -> list[dict[str, Any]]:
    """Seconds of each upload, against the three seconds that are allowed."""
    files = {
        "five columns": five_columns(),
        "twelve columns": twelve_columns(),
        "a third wrong": third_wrong(),
    }
    parsing = [_measured(f"read and judge, {name}", _judged(data)) for name, data in files.items()]
    with running_stack() as stack:
        loading = [line for name, data in files.items() for line in _uploads(stack, name, data)]
    return [*parsing, *loading]


def five_columns() -> bytes:
    """Stocks of the panel on many days, with one of twenty tags each."""
    rows = (
        f"{symbol},{number % 90 + 1},{100 + number % 50}.25,{day},tag {number % 20}"
        for number, symbol, day in _instruments()
    )
    return "\n".join([FIVE, *rows]).encode()


def twelve_columns() -> bytes:
    """Every other row an option by its terms, every third closed."""
    return "\n".join([TWELVE, *(_twelve(*instrument) for instrument in _instruments())]).encode()


def third_wrong() -> bytes:
    """The five columns with a third of the quantities zero."""
    header, *rows = five_columns().decode().split("\n")
    bad = (row if number % 3 else _without_quantity(row) for number, row in enumerate(rows))
    return "\n".join([header, *bad]).encode()


def _instruments() -> list[tuple[int, str, date]]:
    names, dice = symbols(), random.Random(7)
    days = [
        FIRST_DAY + timedelta(days=dice.randint(0, 6) + 7 * week)
        for week in range(MAX_ROWS // len(names) + 1)
    ]
    return [
        (number, names[number % len(names)], days[number // len(names)])
        for number in range(MAX_ROWS)
    ]


def _twelve(number: int, symbol: str, day: date) -> str:
    closed = f"{day + timedelta(days=30)},99.5" if number % 3 == 0 else ","
    terms = f"{symbol},{50 + number % 100},2023-06-16,{'CALL' if number % 4 else 'PUT'}"
    held = ("", "OPTIONS", terms) if number % 2 else (symbol, "PUBLIC", ",,,")
    return f"{held[0]},{number % 90 + 1},{100 + number % 50}.25,{day},{held[1]},,{held[2]},{closed}"


def _without_quantity(row: str) -> str:
    symbol, _, rest = row.split(",", 2)
    return f"{symbol},0,{rest}"


def _judged(data: bytes) -> Callable[[], object]:
    rules = Rules(AS_OF, frozenset(symbols()), is_session)
    return lambda: holdings_of(sheet_of(data), rules)


def _uploads(stack: RunningStack, name: str, data: bytes) -> list[dict[str, Any]]:
    def upload(**form: str) -> Callable[[], object]:
        return lambda: _upload(stack, data, {"portfolio_name": name, **form})

    stack.api.list_portfolios(limit=1)  # logs in
    previewed = _measured(f"dry run, {name}", upload(dry_run="true"))
    loaded = _measured(f"load, {name}", upload())
    stack.finished([run["run_id"] for run in stack.api.list_runs(status="running")["items"]])
    again, slowest = _beside(stack, lambda: _measured(f"upload again, {name}", upload()))
    return [previewed, loaded, again, _line(f"slowest small read meanwhile, {name}", slowest)]


def _beside(
    stack: RunningStack, work: Callable[[], dict[str, Any]]
) -> tuple[dict[str, Any], float]:
    """What the work returns, and the longest that a reader waited for a small read while it was
    done.
    """
    with ThreadPoolExecutor(1) as pool:
        result, waited = pool.submit(work), [0.0]
        while not result.done():
            started = perf_counter()
            stack.api.list_portfolios(limit=1)
            waited.append(perf_counter() - started)
            sleep(0.01)
        return result.result(), max(waited)


def _upload(stack: RunningStack, data: bytes, form: dict[str, str]) -> dict[str, Any]:
    report: dict[str, Any] = stack.api.request("POST", "portfolio/upload", file=data, form=form)
    assert report["rows"] == MAX_ROWS, report
    return report


def _measured(name: str, work: Callable[[], object]) -> dict[str, Any]:
    started = perf_counter()
    work()
    return _line(f"{name}: {MAX_ROWS:,} rows", perf_counter() - started)


def _line(name: str, seconds: float) -> Measurement:
    return within(LIMIT_SECONDS, f"{LIMIT_SECONDS:.0f} s allowed", name, seconds)


if __name__ == "__main__":
    from tests.bench import show

    show(run())

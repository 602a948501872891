"""Seconds to validate and load the largest files through the API of the real stack: 10,000 rows of
positions, 100,000 transactions.

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

from services.gateway.books.files import (
    MAX_ROWS,
    MAX_TRANSACTIONS,
    Rules,
    entries_of,
    holdings_of,
    sheet_of,
)
from services.gateway.books.files.activity import trade_readings
from shared.calendar import is_session
from tests.bench.measuring import Measurement, beside, seconds_of, within
from tests.panel import symbols
from tests.stack import RunningStack, running_stack

LIMIT_SECONDS = 3.0
LEDGER_LIMIT_SECONDS = 10.0
AS_OF, FIRST_DAY = date(2022, 12, 28), date(2018, 1, 2)
KINDS = ("buy",) * 5 + ("sell",) * 4 + ("dividend",)
FIVE = "ticker,quantity,entry_price,entry_date,tags"
TWELVE = (
    "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment "
    "Subtype,Underlying Symbol,"
    "Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share"
)


def run() -> list[dict[str, Any]]:
    """Seconds of each upload, against those that are allowed."""
    files = {
        "five columns": five_columns(),
        "twelve columns": twelve_columns(),
        "a third wrong": third_wrong(),
    }
    parsing = [_measured(f"read and judge, {name}", _judged(data)) for name, data in files.items()]
    with running_stack() as stack:
        loading = [line for name, data in files.items() for line in _uploads(stack, name, data)]
        ledger = _ledger_upload(stack, transactions())
    return [*parsing, _judged_beside_each_line(), *loading, ledger]


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


def transactions() -> bytes:
    """Purchases and sales of the panel's symbols over four years, a tenth of them dividends."""
    names, dice = [name for name in symbols() if name.isalpha()], random.Random(7)
    lines = ["date,type,symbol,quantity,price,fees,amount,id,note"]
    for number in range(MAX_TRANSACTIONS):
        day = FIRST_DAY + timedelta(days=number * 1_400 // MAX_TRANSACTIONS)
        kind, symbol = dice.choice(KINDS), dice.choice(names)
        traded = f"{dice.randint(1, 200)},{dice.randint(2_000, 40_000) / 100},{dice.random():.2f},"
        moved = f",,,{dice.randint(1, 50_000) / 100}" if kind == "dividend" else traded
        lines.append(f"{day},{kind},{symbol},{moved},T{number},{kind} of {symbol}")
    return "\n".join(lines).encode()


def _judged_beside_each_line() -> Measurement:
    """Reading of transactions, beside the same with every rule for every line."""
    sheet, rules = sheet_of(transactions()), Rules(AS_OF, frozenset(symbols()), is_session)
    seconds = seconds_of(lambda: entries_of(sheet, rules))
    in_full = seconds_of(lambda: [reading.entry() for reading in trade_readings(sheet, rules)])
    name = f"judge {MAX_TRANSACTIONS:,} transactions"
    return beside(name, seconds, f"every rule for every line ({in_full:.1f} s)", in_full)


def _ledger_upload(stack: RunningStack, data: bytes) -> Measurement:
    form = {"portfolio_name": "ledger", "as_of": str(AS_OF)}
    seconds = seconds_of(lambda: _upload(stack, data, form, MAX_TRANSACTIONS))
    allowed = f"{LEDGER_LIMIT_SECONDS:.0f} s allowed"
    name = f"load, transactions: {MAX_TRANSACTIONS:,} lines"
    return within(LEDGER_LIMIT_SECONDS, allowed, name, seconds)


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


def _upload(
    stack: RunningStack, data: bytes, form: dict[str, str], rows: int = MAX_ROWS
) -> dict[str, Any]:
    report: dict[str, Any] = stack.api.request("POST", "portfolio/upload", file=data, form=form)
    assert report["rows"] == rows, report["problems"][:3]
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

"""The demo books are what the demo promises, and their prices are what the bundled data say."""

import csv
import gzip
import math
import re
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from scipy.stats import norm

from deploy.demo.books import DATA, DEMO_BOOKS, LAST_SESSION, SESSIONS, DemoBook
from deploy.local.state import PROJECT
from shared.calendar import sessions
from shared.instruments import looks_like_option, parse_occ

HEADER = ["ticker", "quantity", "entry_price", "entry_date", "tags"]


def panel() -> tuple[list[date], dict[str, list[float]]]:
    with gzip.open(DATA / "adjusted_closes.csv.gz", "rt") as lines:
        names, *rows = list(csv.reader(lines))
    closes = {name: [float(row[i]) for row in rows] for i, name in enumerate(names) if i}
    return [date.fromisoformat(row[0]) for row in rows], closes


DAYS, CLOSES = panel()


def rows_of(book: DemoBook) -> list[dict[str, str]]:
    lines = [line for line in book.file.read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def book_named(name: str) -> list[dict[str, str]]:
    return next(rows_of(book) for book in DEMO_BOOKS if book.file.stem == name)


def european_value(symbol: str, entered: date) -> float:
    """Black-Scholes with 63 days of realised volatility at entry, 4 % rate and no dividends."""
    contract, day = parse_occ(symbol), DAYS.index(entered)
    history = np.array(CLOSES[contract.underlying][day - 63 : day + 1])
    spread = np.diff(np.log(history)).std(ddof=1) * math.sqrt(
        252 * (contract.expiry - entered).days / 365
    )
    discounted = float(contract.strike) * math.exp(-0.04 * (contract.expiry - entered).days / 365)
    d1 = math.log(history[-1] / discounted) / spread + spread / 2
    call = history[-1] * norm.cdf(d1) - discounted * norm.cdf(d1 - spread)
    return float(call if contract.option_type == "C" else call - history[-1] + discounted)


@pytest.mark.parametrize("book", DEMO_BOOKS, ids=lambda book: book.file.stem)
def test_book_is_a_five_column_file_of_known_names(book: DemoBook) -> None:
    rows = rows_of(book)

    assert list(rows[0]) == HEADER
    for row in rows:
        symbol = row["ticker"]
        underlying = parse_occ(symbol).underlying if looks_like_option(symbol) else symbol
        assert underlying in CLOSES
        assert Decimal(row["quantity"]) != 0
        assert date.fromisoformat(row["entry_date"]) in DAYS
        assert all(0 < len(tag.strip()) <= 50 for tag in row["tags"].split(","))


@pytest.mark.parametrize("book", DEMO_BOOKS, ids=lambda book: book.file.stem)
def test_stock_entries_are_the_closes_of_their_days(book: DemoBook) -> None:
    stocks = [row for row in rows_of(book) if not looks_like_option(row["ticker"])]

    for row in stocks:
        close = CLOSES[row["ticker"]][DAYS.index(date.fromisoformat(row["entry_date"]))]
        assert float(row["entry_price"]) == pytest.approx(close, rel=0.01)


def test_option_premiums_are_what_realised_volatility_gives() -> None:
    options = [row for row in book_named("long_short") if looks_like_option(row["ticker"])]

    for row in options:
        fair = european_value(row["ticker"], date.fromisoformat(row["entry_date"]))
        assert float(row["entry_price"]) == pytest.approx(fair, rel=0.02, abs=0.02)


def test_long_short_book_has_eight_shorts_and_eight_options_of_2023() -> None:
    rows = book_named("long_short")
    options = [row for row in rows if looks_like_option(row["ticker"])]
    shorts = [row for row in rows if row not in options and Decimal(row["quantity"]) < 0]
    contracts = [parse_occ(row["ticker"]) for row in options]
    kinds = {
        (contract.option_type, Decimal(row["quantity"]) > 0)
        for contract, row in zip(contracts, options, strict=True)
    }

    assert len(shorts) >= 8
    assert len(options) >= 8
    assert {contract.expiry.year for contract in contracts} == {2023}
    assert kinds == {("C", True), ("C", False), ("P", True), ("P", False)}


def test_the_readme_names_the_bundled_symbols() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(
        r"<summary>The (\d+) bundled symbols</summary>\n\n```\n(.*?)```", readme, re.S
    )

    assert [(int(count), names.split()) for count, names in listed] == [
        (len(CLOSES), sorted(CLOSES))
    ]


def test_books_have_the_promised_sizes_and_no_instrument_twice() -> None:
    sizes = {book.file.stem: len(rows_of(book)) for book in DEMO_BOOKS}

    assert 6 <= sizes["individual"] <= 8
    assert 18 <= sizes["high_net_worth"] <= 24
    for book in DEMO_BOOKS:
        keys = [(row["ticker"], row["entry_date"]) for row in rows_of(book)]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize("book", DEMO_BOOKS, ids=lambda book: book.file.stem)
def test_some_positions_are_entered_inside_the_replayed_window(book: DemoBook) -> None:
    window = sessions(date(2022, 1, 3), LAST_SESSION)[-SESSIONS:]

    entered = [date.fromisoformat(row["entry_date"]) for row in rows_of(book)]

    assert any(day > window[0] for day in entered)
    assert all(day <= LAST_SESSION for day in entered)
    assert any(day <= window[0] for day in entered)

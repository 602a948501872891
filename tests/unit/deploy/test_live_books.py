"""Today's portfolios are the bundled ones: the expiry, the strike, and what cannot be had."""

from datetime import date
from decimal import Decimal

import pytest

from deploy.demo.live_books import (
    Holding,
    MarketNow,
    MarketThen,
    holdings,
    live_book,
    monthly_expiry,
)
from services.ingest.providers.yahoo_options import ListedOption, OptionChain
from shared.instruments import parse_occ

THEN = MarketThen(
    date(2022, 8, 22),
    date(2022, 12, 28),
    {"AAPL": {date(2022, 8, 22): Decimal(160), date(2022, 12, 28): Decimal(100)}},
)
FIRST, LAST, EXPIRY = date(2026, 11, 13), date(2026, 11, 27), date(2027, 1, 15)
CALL = Holding("AAPL230120C00150000", Decimal(-15), "income")


def listed(symbol: str, bid: str | None, ask: str | None, last: str | None) -> ListedOption:
    prices = (None if text is None else Decimal(text) for text in (bid, ask, last))
    return ListedOption(parse_occ(symbol), *prices)


def now(*options: ListedOption) -> MarketNow:
    """AAPL at 240 and at 300, with these contracts listed, or none."""
    closes = {"AAPL": {FIRST: Decimal(240), LAST: Decimal(300)}}
    chain = OptionChain("AAPL", EXPIRY, LAST, Decimal(300), options)
    return MarketNow(
        FIRST,
        LAST,
        closes,
        {"AAPL": chain} if options else {},
        {} if options else {"AAPL": "Yahoo lists none"},
    )


@pytest.mark.parametrize(
    ("expiries", "expected"),
    [
        ([date(2027, 1, 8), date(2027, 1, 15), date(2027, 1, 22)], date(2027, 1, 15)),
        ([date(2026, 12, 18), date(2027, 2, 19), date(2027, 1, 29)], date(2027, 2, 19)),
        ([date(2026, 12, 18)], None),
        ([], None),
    ],
)
def test_the_expiry_is_monthly_and_45_days_out(expiries: list[date], expected: date | None) -> None:
    assert monthly_expiry(expiries, LAST) == expected


def test_a_third_friday_without_a_session_expires_the_day_before() -> None:
    good_friday = date(2025, 4, 18)

    assert monthly_expiry([date(2025, 4, 17), good_friday], date(2025, 2, 3)) == date(2025, 4, 17)


def test_the_strike_nearest_to_the_same_moneyness_is_chosen() -> None:
    options = [
        listed(f"AAPL270115C00{strike}000", "9.00", "9.10", None) for strike in (440, 455, 470)
    ]
    options.append(listed("AAPL270115P00450000", "1.00", "1.10", None))

    book = live_book([CALL], Decimal(0), THEN, now(*options))

    assert book.rows == [("AAPL270115C00455000", "-15", "9.050000", "2026-11-27", "income")]


def test_two_options_never_become_one_contract() -> None:
    wing = Holding("AAPL230120C00151000", Decimal(15), "income")
    options = [listed(f"AAPL270115C00{strike}000", "9", "9", None) for strike in (450, 480)]

    book = live_book([CALL, wing], Decimal(0), THEN, now(*options))

    assert [row[0] for row in book.rows] == ["AAPL270115C00450000", "AAPL270115C00480000"]


@pytest.mark.parametrize(
    ("bid", "ask", "last", "entry"),
    [
        ("9.00", "9.25", "8.00", "9.120000"),
        ("0", "0", "8.00", "8.000000"),
        (None, None, "8.00", "8.000000"),
        ("0", "0.01", "0", "0.010000"),
    ],
)
def test_the_entry_is_the_mid_and_else_the_last_trade(
    bid: str | None, ask: str | None, last: str, entry: str
) -> None:
    book = live_book([CALL], Decimal(0), THEN, now(listed("AAPL270115C00450000", bid, ask, last)))

    assert [row[2] for row in book.rows] == [entry]


def test_options_without_a_price_or_a_chain_are_left_out_by_name() -> None:
    unpriced = now(listed("AAPL270115C00450000", "0", "0", None))

    for market, reason in ((unpriced, "Yahoo has no price of them"), (now(), "Yahoo lists none")):
        book = live_book([CALL], Decimal(0), THEN, market)
        assert (book.rows, book.left_out) == ([], [f"options on AAPL: {reason}"])


def test_equity_keeps_its_ratio_and_unknown_shares_count_on_neither_side() -> None:
    held = [Holding("AAPL", Decimal(-200), "core"), Holding("GONE", Decimal(500), "core")]

    book = live_book(held, Decimal(190_000), THEN, now())

    assert book.equity == 285_000  # 240 now for 160 then
    assert book.left_out == ["GONE: Yahoo has no close of 2026-11-13 and 2026-11-27"]
    assert book.rows == [("AAPL", "-200", "240.000000", "2026-11-13", "core")]


def test_the_file_is_one_that_can_be_read_again() -> None:
    book = live_book([Holding("AAPL", Decimal(5), "core,tech")], Decimal(0), THEN, now())

    text = book.as_csv("From a test.")

    assert text.splitlines()[0] == "# From a test."
    assert holdings(text) == [Holding("AAPL", Decimal(5), "core,tech")]

"""Rows of market data that cannot be stored, each by its number."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.ingest import OptionQuoteRow, PriceRow, YieldRow
from shared.market_rows import (
    in_future,
    not_closed_yet,
    price_problems,
    priced_symbol,
    quote_problems,
    yield_problems,
)

DAY = date(2022, 12, 20)


def price(symbol: str = "AAPL", day: date = DAY, **more: Any) -> PriceRow:
    return PriceRow(**{"symbol": symbol, "session_date": day, "close": Decimal("131.9"), **more})


def quote(contract: str = "AAPL230317C00130000", day: date = DAY, **more: Any) -> OptionQuoteRow:
    return OptionQuoteRow(**{"contract": contract, "session_date": day, "bid": 7, "ask": 8, **more})


def a_yield(maturity: str = "10Y", day: date = DAY) -> YieldRow:
    return YieldRow(maturity=maturity, observation_date=day, yield_percent=Decimal("3.7"))


@pytest.mark.parametrize(
    ("problems", "rows"),
    [
        (price_problems([price(), price("aapl")]), (0, 1)),
        (price_problems([price("BRK.B"), price("XOM"), price("BRK-B")]), (0, 2)),
        (price_problems([price(), price(day=date(2022, 12, 21))]), ()),
        (yield_problems([a_yield(), a_yield("2Y"), a_yield()]), (0, 2)),
        (yield_problems([a_yield(), a_yield(day=date(2022, 12, 21))]), ()),
        (quote_problems([quote(), quote("AAPL  230317C00130000")]), (0, 1)),
        (quote_problems([quote(), quote("AAPL230317P00130000")]), ()),
    ],
)
def test_rows_of_one_key_are_all_refused(
    problems: Mapping[int, str], rows: tuple[int, ...]
) -> None:
    assert tuple(problems) == rows
    for row in rows:
        [other] = set(rows) - {row}
        assert f"row {other} too: send it once" in problems[row]


def test_many_repeats_name_the_first_and_count_the_others() -> None:
    problems = price_problems([price() for _ in range(9)])

    assert len(problems) == 9
    assert problems[0] == (
        "AAPL of 2022-12-20 is given by row 1 and row 2 and row 3 and row 4 and row 5 and 3 more "
        "too: send it once"
    )


HIGHEST = "100000000"


@pytest.mark.parametrize(
    "problems",
    [
        price_problems([price(close=HIGHEST), price("XOM", close=f"{HIGHEST}.000001")]),
        price_problems([price(), price("XOM", close="100", adjusted_close="1000000000")]),
        quote_problems([quote(ask=HIGHEST), quote("XOM230317C00130000", ask=f"{HIGHEST}.01")]),
        quote_problems([quote(), quote("XOM230317C00130000", underlying_price="1e9")]),
    ],
)
def test_a_price_that_none_can_be_is_refused(problems: Mapping[int, str]) -> None:
    assert list(problems) == [1]
    assert "the highest is 100,000,000 USD" in problems[1]


def test_a_private_holdings_name_is_kept_and_other_words_are_refused() -> None:
    rows = [price("acme-series-b"), price("SECRETCO-A"), price("AB-PL"), price("NO_SUCH-NAME")]
    private = {"ACME-SERIES-B", "SECRETCO-A"}

    assert list(price_problems(rows, private)) == [3]
    assert [priced_symbol(row.symbol, private) for row in rows[:3]] == [
        "ACME-SERIES-B",
        "SECRETCO-A",
        "AB.PRL",
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (quote("AAPL221216C00130000"), "after its expiry 2022-12-16"),
        (quote("AAPL221219C00130000", date(2022, 12, 28)), "after its expiry 2022-12-19"),
        (quote("SPXW221219P03800000"), "after its expiry 2022-12-19"),
        (quote(ask=6), "ask 6 is below bid 7"),
        (quote("AAPL"), "AAPL"),
        (quote(day=date(2022, 12, 24)), "not a NYSE session"),
    ],
)
def test_quotes_that_cannot_be_are_refused(row: OptionQuoteRow, said: str) -> None:
    problems = quote_problems([quote("MSFT230317C00130000"), row])

    assert list(problems) == [1]
    assert said in problems[1]


def test_a_quote_on_the_day_of_expiry_is_taken() -> None:
    assert quote_problems([quote("AAPL221220C00130000")]) == {}


@pytest.mark.parametrize(
    ("now", "refused"),
    [
        (datetime(2022, 12, 20, 20, 59, tzinfo=UTC), [0, 1]),
        (datetime(2022, 12, 20, 21, 0, tzinfo=UTC), [1]),
        (datetime(2022, 12, 21, 20, 0, tzinfo=UTC), [1]),
        (datetime(2022, 12, 22, 0, 0, tzinfo=UTC), []),
    ],
)
def test_a_close_that_is_still_to_come_is_refused(now: datetime, refused: list[int]) -> None:
    assert list(not_closed_yet([DAY, date(2022, 12, 21), date(2022, 12, 1)], now)) == refused


def test_a_half_day_has_closed_at_one() -> None:
    friday = date(2022, 11, 25)

    assert not_closed_yet([friday], datetime(2022, 11, 25, 18, 0, tzinfo=UTC)) == {}
    assert 0 in not_closed_yet([friday], datetime(2022, 11, 25, 17, 59, tzinfo=UTC))


def test_an_observation_of_tomorrow_is_refused() -> None:
    problems = in_future([DAY, date(2022, 12, 21)], DAY)

    assert problems == {1: "2022-12-21 lies in the future: today is 2022-12-20"}

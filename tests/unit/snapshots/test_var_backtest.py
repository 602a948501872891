"""The page of the VaR backtest: its test is Kupiec's, its numbers the code's, its claims hold."""

from datetime import date

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from shared.quant.backtesting import kupiec_test
from tests import panel
from tests.bench import var_backtest
from tests.bench.var_backtest import backtest, kupiec_row

HISTORICAL, RESCALED, AGE_WEIGHTED, PARAMETRIC = var_backtest.METHODS
PAGE = var_backtest.PAGE.read_text(encoding="utf-8")
LONG_SHORT = "Long/short fund"


def page_rows(confidence: int) -> list[list[str]]:
    """The cells of one table of the page."""
    table = PAGE.split(f"### {confidence} % one-day VaR")[1].split("###")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def page_year(book: str, method: str, year: int) -> str:
    """Exceptions at 95 % and 99 % of one year."""
    lines = PAGE.split("### Exceptions by year")[1].splitlines()
    header = next(line for line in lines if line.startswith("| book"))
    row = next(line for line in lines if line.startswith(f"| {book} | {method} |"))
    place = [cell.strip() for cell in header.split("|")].index(str(year))
    return row.split("|")[place].strip()


@given(st.integers(1, 3000), st.data(), st.sampled_from([0.90, 0.95, 0.99]))
def test_likelihood_ratio_is_that_of_the_binomial_distribution(
    days: int, data: st.DataObject, confidence: float
) -> None:
    exceptions = data.draw(st.integers(0, days))

    test = kupiec_test(exceptions, days, confidence)

    found = scipy.stats.binom.logpmf(exceptions, days, exceptions / days)
    promised = scipy.stats.binom.logpmf(exceptions, days, 1 - confidence)
    assert test.likelihood_ratio == pytest.approx(2 * (found - promised), rel=1e-6, abs=1e-6)
    assert test.p_value == pytest.approx(scipy.stats.chi2.sf(test.likelihood_ratio, 1))


@pytest.mark.parametrize(
    ("days", "confidence", "too_few", "too_many"),
    [(255, 0.99, 0, 7), (255, 0.95, 6, 21), (1000, 0.99, 4, 17), (1000, 0.95, 37, 65)],
)
def test_regions_of_acceptance_are_those_of_kupiecs_table(
    days: int, confidence: float, too_few: int, too_many: int
) -> None:
    """As in Jorion, Value at Risk, 3rd edition, table 6-2 (Kupiec, 1995): N < 7, 6 < N < 21."""
    found = [x for x in range(days // 2) if kupiec_test(x, days, confidence).p_value >= 0.05]

    assert found == list(range(too_few + 1, too_many))


def test_share_as_promised_is_never_rejected() -> None:
    test = kupiec_test(50, 1000, 0.95)

    assert (test.likelihood_ratio, test.p_value) == (0.0, 1.0)


@pytest.mark.parametrize("method", [HISTORICAL, RESCALED, AGE_WEIGHTED])
def test_rows_of_the_market_alone_are_those_of_the_page(method: str) -> None:
    result = backtest(var_backtest.books()["SPY alone"], method)

    assert len(result.days) == 1257
    for confidence in (95, 99):
        assert kupiec_row("SPY alone", method, result, confidence) in PAGE
        for year, found in result.by_year(confidence).items():
            assert page_year("SPY alone", method, year).split(" / ")[confidence == 99] == str(found)


@pytest.mark.parametrize("method", [HISTORICAL, PARAMETRIC])
@pytest.mark.parametrize("book", ["Savings", LONG_SHORT])
def test_exceptions_of_2020_are_those_of_the_page(book: str, method: str) -> None:
    result = backtest(var_backtest.books()[book], method, date(2020, 1, 1), date(2020, 12, 31))

    found = [int(result.exceptions(confidence).sum()) for confidence in (95, 99)]
    assert " / ".join(map(str, found)) == page_year(book, method, 2020)


def test_page_claims_what_its_tables_say() -> None:
    rows = {(book, method, c): rest for c in (95, 99) for book, method, *rest in page_rows(c)}
    rejected = {key for key, rest in rows.items() if rest[-1] == "rejected"}

    assert len(rows) == 5 * 4 * 2
    assert {book for book, method, c in rejected if method == HISTORICAL} == {
        book for book, *_ in rows if book != LONG_SHORT
    }
    assert sum(method == HISTORICAL for _, method, _ in rejected) == 8
    assert not [key for key in rejected if key[1] == RESCALED]
    assert {(book, c) for book, method, c in rejected if method == PARAMETRIC} == {
        (book, 99) for book, *_ in rows if book != LONG_SHORT
    }
    assert not [key for key in rejected if key[1] == AGE_WEIGHTED and key[2] == 95]
    rescaled = [
        float(rest[1].rstrip("%"))
        for (_, method, c), rest in rows.items()
        if (method, c) == (RESCALED, 99)
    ]
    assert 1.0 < min(rescaled) <= max(rescaled) < 1.5


def test_var_of_an_evening_does_not_know_the_next_day() -> None:
    book = var_backtest.books()["Savings"]
    day = date(2020, 3, 9)

    whole = backtest(book, HISTORICAL, day, date(2020, 3, 20))
    alone = backtest(book, HISTORICAL, day, day)

    assert alone.value_at_risk[99][0] == whole.value_at_risk[99][0]
    (evening,) = var_backtest.evenings(book, var_backtest.judged_days(day, day))
    assert panel.sessions()[evening.place] == date(2020, 3, 6)
    assert np.allclose(
        evening.returns[-1],
        panel.closes(*book)[evening.place] / panel.closes(*book)[evening.place - 1] - 1,
    )


def test_renewing_the_page_changes_nothing_but_the_tables() -> None:
    renewed = var_backtest.renew(PAGE, "new")

    assert renewed.split(var_backtest.BEGIN)[0] == PAGE.split(var_backtest.BEGIN)[0]
    assert renewed.split(var_backtest.END)[1] == PAGE.split(var_backtest.END)[1]

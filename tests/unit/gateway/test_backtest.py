"""The VaR of every evening against the next session: the method of docs/var-backtest.md."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from services.gateway.analytics.shapes.backtest import FIRST, GAP, NO_VAR, Evening, judged, verdict
from shared.quant.backtesting import kupiec_test
from tests import panel
from tests.bench import var_backtest
from tests.unit.snapshots.test_var_backtest import HISTORICAL, RESCALED, page_year

DAYS = [date(2022, 1, 3) + timedelta(days=place) for place in range(300)]


@pytest.mark.parametrize("method", [HISTORICAL, RESCALED])
def test_verdicts_are_those_of_the_pages_method_on_the_same_data(method: str) -> None:
    book = var_backtest.books()["SPY alone"]
    result = var_backtest.backtest(book, method, date(2020, 1, 1), date(2020, 12, 31))
    before = {day: place for place, day in enumerate(panel.sessions())}
    evenings = [
        Evening(day, panel.sessions()[before[day] - 1], pnl, True)
        for day, pnl in zip(result.days, result.pnl.tolist(), strict=True)
    ]

    counts = []
    for confidence in (95, 99):
        values = result.value_at_risk[confidence].tolist()
        known = {each.previous: value for each, value in zip(evenings, values, strict=True)}
        found = verdict(
            judged(evenings, {day: v for day, v in known.items() if day}, 1000), confidence / 100
        )
        expected = int(result.exceptions(confidence).sum())
        assert found.kupiec == kupiec_test(expected, len(result.days), confidence / 100)
        counts.append(str(len(found.exceptions)))

    assert " / ".join(counts) == page_year("SPY alone", method, 2020)


def test_sessions_that_cannot_be_judged_are_named() -> None:
    evenings = [
        Evening(DAYS[0], None, None, False),
        Evening(DAYS[1], DAYS[0], -5.0, True),
        Evening(DAYS[4], DAYS[1], -50.0, False),
        Evening(DAYS[5], DAYS[4], -5.0, True),
    ]

    found = judged(evenings, {DAYS[0]: 4.0}, 250)

    assert (found.session_dates, found.pnl, found.values) == ([DAYS[1]], [-5.0], [4.0])
    assert found.not_judged == [(DAYS[4], GAP), (DAYS[5], NO_VAR)]
    assert judged(evenings, {}, 250).not_judged[0] == (DAYS[0], FIRST)


def test_the_last_days_are_judged_and_too_few_have_no_tests() -> None:
    evenings = [
        Evening(day, before, -2.0 if place % 25 == 0 else 1.0, True)
        for place, (before, day) in enumerate(pairwise(DAYS))
    ]
    known = dict.fromkeys(DAYS, 1.0)

    whole = verdict(judged(evenings, known, 250), 0.99)
    short = verdict(judged(evenings[:59], known, 250), 0.99)

    assert (whole.days, len(whole.exceptions), whole.zone) == (250, 10, "red")
    assert whole.expected == pytest.approx(2.5)
    assert (short.kupiec, short.zone, short.reason) == (None, None, "59 days, 60 needed")
    assert verdict(judged(evenings, known, 250), 0.95).zone is None

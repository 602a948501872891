"""How often a day's loss exceeded the VaR of the evening before, 2018 to 2022.

The tables of `docs/var-backtest.md`.

`python -m tests.bench.var_backtest` computes them from the bundled panel with the service's own
functions and renews the page. Nothing of a day is known to the VaR it is judged by: prices, betas
and covariance end the evening before.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from deploy.demo.books import DEMO_BOOKS
from services.factors.calculations.betas import market_prior, over_market, symbol_betas
from services.factors.calculations.covariance import ewma_covariance
from services.snapshots.calculations.parametric import (
    Exposures,
    FactorModel,
    parametric_risk,
    specific_variances,
)
from services.snapshots.calculations.tail import (
    CONFIDENCES,
    TAIL_MEASURES,
    HistoricalRisk,
    PositionPnl,
    historical_risk,
)
from shared.instruments import looks_like_option
from shared.quant.backtesting import exceptions, kupiec_test
from shared.quant.returns import simple_returns
from tests import panel

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "var-backtest.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
FIRST, LAST = date(2018, 1, 2), date(2022, 12, 28)
WINDOW = 252
DECAY = 0.94  # of the factor covariance, as the service's default
AGE_DECAY = 0.97  # of the age-weighted variant
SIGNIFICANCE = 0.05

FloatArray = npt.NDArray[np.float64]
Quantities = Mapping[str, float]


@dataclass(frozen=True)
class Backtest:
    """A book judged by one method on T days.

    Realised P&L and the VaR of the evening before by confidence, USD.
    """

    days: tuple[date, ...]
    pnl: FloatArray
    value_at_risk: Mapping[int, FloatArray]

    def exceptions(self, confidence: int) -> npt.NDArray[np.bool_]:
        """The days that lost more than the VaR."""
        return np.array(exceptions(self.pnl, self.value_at_risk[confidence]))

    def by_year(self, confidence: int) -> dict[int, int]:
        """Exceptions of each year."""
        exceeded = self.exceptions(confidence)
        years = np.array([day.year for day in self.days])
        return {int(year): int(exceeded[years == year].sum()) for year in np.unique(years)}


def books() -> dict[str, Quantities]:
    """The stock parts of the three demo books, 100 USD of each name of the panel, and the market
    alone.
    """
    equal = {
        symbol: 100.0 / close
        for symbol, close in zip(panel.symbols(), _start_closes(), strict=True)
    }
    demo = {book.portfolio: stock_part(book.file) for book in DEMO_BOOKS}
    return {**demo, "Equal weights, 57 names": equal, "SPY alone": {"SPY": 100.0}}


def stock_part(file: Path) -> Quantities:
    """Symbol to signed quantity of a book's positions that are no options."""
    lines = [
        line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    rows = [row for row in csv.DictReader(lines) if not looks_like_option(row["ticker"])]
    held: dict[str, float] = {}
    for row in rows:
        held[row["ticker"]] = held.get(row["ticker"], 0.0) + float(row["quantity"])
    return held


def _start_closes() -> FloatArray:
    """The closes before the first day judged."""
    closes: FloatArray = panel.closes(*panel.symbols())[panel.sessions().index(FIRST) - 1]
    return closes


def judged_days(first: date = FIRST, last: date = LAST) -> list[int]:
    """Places in the panel of the days whose P&L is compared with a VaR."""
    return [place for place, day in enumerate(panel.sessions()) if first <= day <= last]


@dataclass(frozen=True)
class Evening:
    """What is known when a VaR is computed.

    Today's position values (P) and the past year's returns (252 x P).
    """

    symbols: tuple[str, ...]
    values: FloatArray
    returns: FloatArray
    place: int


def evenings(book: Quantities, days: Iterable[int]) -> Iterator[Evening]:
    """The evening before each of the days.

    Quantities are held throughout, values follow the closes.
    """
    symbols = tuple(book)
    closes = panel.closes(*symbols)
    returns = simple_returns(closes)
    quantities = np.array(list(book.values()))
    for place in days:
        past = slice(place - 1 - WINDOW, place - 1)
        yield Evening(symbols, quantities * closes[place - 1], returns[past], place - 1)


def historical(evening: Evening) -> dict[int, float]:
    """The service's historical VaR: today's values times each of the past 252 days' returns."""
    return _by_confidence(_historical_risk(evening).totals)


def rescaled(evening: Evening) -> dict[int, float]:
    """The service's historical VaR with each past day brought to today's volatility."""
    return _by_confidence(_historical_risk(evening).rescaled)


def _historical_risk(evening: Evening) -> HistoricalRisk:
    pnl = (evening.values * evening.returns).T
    return historical_risk(
        PositionPnl(pnl, np.abs(evening.values), np.full(len(pnl), None, dtype=object))
    )


def _by_confidence(measures: FloatArray) -> dict[int, float]:
    return {c: float(measures[TAIL_MEASURES.index(f"var_{c}")]) for c in CONFIDENCES}


def age_weighted(evening: Evening) -> dict[int, float]:
    """Historical simulation whose days weigh 0.97^age (Boudoukh, Richardson and Whitelaw, Risk 11,
    1998).

    Not served: it is shown next to the service's figures to show what reacting faster would change.
    """
    pnl = evening.returns @ evening.values
    weights = AGE_DECAY ** np.arange(WINDOW)[::-1]
    order = np.argsort(pnl)
    cumulated = np.cumsum(weights[order] / weights.sum())
    return {c: -float(pnl[order[np.searchsorted(cumulated, 1 - c / 100)]]) for c in CONFIDENCES}


def parametric(evening: Evening) -> dict[int, float]:
    """The service's parametric VaR.

    Shrunk betas, exponentially weighted factor covariance and specific risk.
    """
    model, symbols = factor_model(evening.place)
    rows = np.array([symbols.index(symbol) for symbol in evening.symbols])
    risk = parametric_risk(Exposures(evening.values, rows, np.abs(evening.values)), model)
    return {c: risk.value_at_risk(c) for c in CONFIDENCES}


@lru_cache(maxsize=2000)
def factor_model(place: int) -> tuple[FactorModel, tuple[str, ...]]:
    """The model of the panel's every symbol on the evening of a session, as the services compute
    it.
    """
    symbols = panel.symbols()
    past = slice(place - WINDOW, place + 1)
    returns = simple_returns(panel.closes(*symbols)[past])
    factor_returns = over_market(simple_returns(panel.closes(*panel.PROXIES)[past]), panel.FACTORS)
    betas = symbol_betas(returns, factor_returns, market_prior(panel.FACTORS)).betas
    covariance = ewma_covariance(factor_returns, DECAY, WINDOW)
    specific = specific_variances(returns, factor_returns, betas, DECAY)
    return FactorModel(betas, covariance.covariance, specific, covariance.observations), symbols


METHODS = {
    "historical, 252 days (served)": historical,
    "historical, rescaled (served)": rescaled,
    "historical, weighted by age": age_weighted,
    "parametric, factor model (served)": parametric,
}


def backtest(book: Quantities, method: str, first: date = FIRST, last: date = LAST) -> Backtest:
    """One book and method over the days from `first` to `last`."""
    days = judged_days(first, last)
    closes = panel.closes(*book)
    moves = closes[days] - closes[[place - 1 for place in days]]
    found = [METHODS[method](evening) for evening in evenings(book, days)]
    return Backtest(
        days=tuple(panel.sessions()[place] for place in days),
        pnl=moves @ np.array(list(book.values())),
        value_at_risk={c: np.array([each[c] for each in found]) for c in CONFIDENCES},
    )


def tables() -> str:
    """Both confidences, then the exceptions of each year."""
    results = {
        (name, method): backtest(book, method)
        for name, book in books().items()
        for method in METHODS
    }
    parts = [_kupiec_table(results, confidence) for confidence in CONFIDENCES]
    return "\n".join([*parts, _year_table(results)])


Results = Mapping[tuple[str, str], Backtest]


def kupiec_row(book: str, method: str, result: Backtest, confidence: int) -> str:
    """One line of a table: exceptions, their share, Kupiec's ratio and p-value, and the verdict."""
    found = int(result.exceptions(confidence).sum())
    test = kupiec_test(found, len(result.days), confidence / 100)
    verdict = "rejected" if test.p_value < SIGNIFICANCE else "not rejected"
    share = f"{found / len(result.days):.2%}"
    return (
        f"| {book} | {method} | {found} | {share} | {test.likelihood_ratio:.2f} | "
        f"{test.p_value:.4f} | {verdict} |"
    )


def _kupiec_table(results: Results, confidence: int) -> str:
    days = len(next(iter(results.values())).days)
    expected = days * (100 - confidence) / 100
    head = (
        f"### {confidence} % one-day VaR\n\n{days:,} days, {expected:.1f} exceptions expected.\n\n"
        "| book | method | exceptions | share | Kupiec LR | p-value | at 5 % "
        "|\n|---|---|---|---|---|---|---|\n"
    )
    rows = (kupiec_row(*key, result, confidence) for key, result in results.items())
    return head + "\n".join(rows) + "\n"


def _year_table(results: Results) -> str:
    years = sorted(next(iter(results.values())).by_year(95))
    title = (
        "### Exceptions by year, 95 % / 99 %\n\n| book | method | "
        + " | ".join(map(str, years))
        + " |\n"
    )
    rows = (
        f"| {book} | {method} | "
        + " | ".join(f"{result.by_year(95)[year]} / {result.by_year(99)[year]}" for year in years)
        + " |"
        for (book, method), result in results.items()
    )
    return title + "|---|---|" + "---|" * len(years) + "\n" + "\n".join(rows) + "\n"


def renew(page: str, measured: str) -> str:
    """The page with everything between its marks replaced."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{measured}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    measured = tables()
    print(measured)
    PAGE.write_text(renew(PAGE.read_text(encoding="utf-8"), measured), encoding="utf-8")

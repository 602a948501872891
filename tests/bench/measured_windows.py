"""What the factor proxies did in the scenarios' windows, next to what the scenarios specify.

`python -m tests.bench.measured_windows` prints the measured fields of
`services/stress/scenarios.json` and renews the tables of `docs/scenarios.md`; tests compare both
with the panel, and with the research factors where the panel does not reach.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import services.stress
from services.stress.calculations.scenarios import scenarios
from services.stress.calculations.windows import rate_change, window_return
from services.stress.inputs import MARKET, Scenario
from tests.bench.research_windows import RESEARCH_FACTORS, mappings, research_returns
from tests.panel import FACTORS, PROXIES, closes, sessions, yields

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "scenarios.md"
BUNDLED = Path(services.stress.__file__).with_name("scenarios.json")
PANEL = "bundled panel (deploy/demo/data/SOURCES.md)"
RESEARCH = (
    "monthly research factors of Kenneth R. French's data library, mapped to the proxies by "
    "regression (docs/scenarios.md); the yield's change is not measured"
)
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
OTHER_WINDOWS = {
    "Sell-off of late 2018": (date(2018, 9, 20), date(2018, 12, 24)),
    "Bear market of 2022": (date(2022, 1, 3), date(2022, 10, 12)),
}
Cells = tuple[str, ...]


@dataclass(frozen=True)
class Measured:
    """Decimal returns by factor id, the change of the 10-year yield in decimals, the source."""

    returns: dict[str, float]
    rate_change: float | None
    source: str

    @property
    def fields(self) -> dict[str, object]:
        """As the scenario file has them."""
        change = {} if self.rate_change is None else {"measured_rate_change": self.rate_change}
        return {"measured_returns": self.returns, **change, "measured_source": self.source}


def measured(start: date, end: date) -> Measured:
    """From the close of `start` to the close of `end`: by the panel, else by research factors."""
    days, prices = sessions(), closes(*PROXIES)
    if start < days[0]:
        return Measured(research_returns(start, end), None, RESEARCH)
    first, last = prices[days.index(start)], prices[days.index(end)]
    returns = {
        factor: float(window_return(*pair))
        for factor, *pair in zip(FACTORS, first, last, strict=True)
    }
    return Measured(returns, rate_change(_yield(start), _yield(end)), PANEL)


def _yield(day: date) -> float:
    days, percents = yields("DGS10")
    return float(max(pair for pair in zip(days, percents, strict=True) if pair[0] <= day)[1])


def bundled() -> tuple[Scenario, ...]:
    """The house's scenarios."""
    return scenarios(json.loads(BUNDLED.read_text(encoding="utf-8")))


def tables() -> str:
    """The measured part of the page."""
    parts = [_compared(each) for each in bundled() if each.measured]
    parts += [_window(title, *window) for title, window in OTHER_WINDOWS.items()]
    return "\n".join([*parts, _mapping()])


def _compared(scenario: Scenario) -> str:
    assert scenario.window_start is not None
    assert scenario.window_end is not None
    found = measured(scenario.window_start, scenario.window_end)
    columns = ("specified", "measured", "over the market")
    rows = {
        factor: (
            _shock(scenario, factor),
            _percent(found.returns[factor]),
            _percent(_over_market(found, factor)),
        )
        for factor in FACTORS
    }
    title = f"{scenario.name}: {scenario.window_start} to {scenario.window_end}"
    yield_row = ("10-year yield", "", "not shocked", _points(found), "")
    return _table(f"{title}\n\nSource: {found.source}.", columns, rows, yield_row)


def _window(title: str, start: date, end: date) -> str:
    found = measured(start, end)
    columns = ("over the market", "proxy's own return")
    rows = {
        factor: (_percent(_over_market(found, factor)), _percent(found.returns[factor]))
        for factor in FACTORS
    }
    yield_row = ("10-year yield", "", "", _points(found))
    return _table(f"{title}: {start} to {end}", columns, rows, yield_row)


def _mapping() -> str:
    months = next(iter(mappings().values())).months
    rows = {
        factor: (*(f"{each:+.3f}" for each in found.loadings), f"{found.r_squared:.3f}")
        for factor, found in mappings().items()
    }
    title = f"How the research factors are mapped ({months} months)"
    return _table(title, (*RESEARCH_FACTORS, "R²"), rows)


def _table(title: str, columns: Cells, rows: Mapping[str, Cells], *more: Cells) -> str:
    """A section of the page: a row for each factor, and further ones."""
    lines = [
        ("factor", "proxy", *columns),
        *((factor, proxy, *rows[factor]) for factor, proxy in zip(FACTORS, PROXIES, strict=True)),
        *more,
    ]
    head, *body = ("| " + " | ".join(cells) + " |" for cells in lines)
    rule = "|" + "---|" * len(lines[0])
    return "\n".join([f"### {title}", "", head, rule, *body]) + "\n"


def _points(found: Measured) -> str:
    return "not measured" if found.rate_change is None else f"{found.rate_change * 1e4:+.0f} bp"


def _over_market(found: Measured, factor: str) -> float:
    return found.returns[factor] - (0.0 if factor == MARKET else found.returns[MARKET])


def _shock(scenario: Scenario, factor: str) -> str:
    given = scenario.shocks
    return _percent(given[factor]) if factor in given else "follows the market"


def _percent(number: float) -> str:
    return f"{number * 100:+.1f} %"


def with_tables(page: str) -> str:
    """The page with its measured part renewed."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{tables()}{END}{rest.split(END)[1]}"


def main() -> None:
    """Print the fields for the scenario file and renew the page."""
    for each in bundled():
        if each.window_start is not None and each.window_end is not None:
            found = measured(each.window_start, each.window_end)
            print(each.scenario_id, json.dumps(found.fields))
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

"""What the factor proxies did in windows that the bundled panel covers, next to the scenarios.

`python -m tests.bench.measured_windows` prints the measured fields of
`services/stress/scenarios.json` and renews the tables of `docs/scenarios.md`; tests compare both
with the panel.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import services.stress
from services.stress.calculations.scenarios import scenarios
from services.stress.calculations.windows import rate_change, window_return
from services.stress.inputs import MARKET_NAME, Scenario
from tests.panel import FACTORS, PROXIES, closes, sessions, yields

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "scenarios.md"
BUNDLED = Path(services.stress.__file__).with_name("scenarios.json")
SOURCE = "bundled panel (deploy/demo/data/SOURCES.md)"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
OTHER_WINDOWS = {
    "Sell-off of late 2018": (date(2018, 9, 20), date(2018, 12, 24)),
    "Bear market of 2022": (date(2022, 1, 3), date(2022, 10, 12)),
}
NAMES = tuple(factor.replace("_", " ").title() for factor in FACTORS)
Cells = tuple[str, ...]


@dataclass(frozen=True)
class Measured:
    """Decimal returns by factor name, and the change of the 10-year yield in decimals."""

    returns: dict[str, float]
    rate_change: float


def measured(start: date, end: date) -> Measured:
    """From the close of `start` to the close of `end`, both sessions of the panel."""
    days, prices = sessions(), closes(*PROXIES)
    first, last = prices[days.index(start)], prices[days.index(end)]
    returns = {name: window_return(*pair) for name, *pair in zip(NAMES, first, last, strict=True)}
    return Measured(
        {name: float(each) for name, each in returns.items()},
        rate_change(_yield(start), _yield(end)),
    )


def _yield(day: date) -> float:
    days, percents = yields("DGS10")
    return float(max(pair for pair in zip(days, percents, strict=True) if pair[0] <= day)[1])


def bundled() -> tuple[Scenario, ...]:
    """The house's scenarios."""
    return scenarios(json.loads(BUNDLED.read_text(encoding="utf-8")))


def tables() -> str:
    """The measured part of the page."""
    parts = [_compared(each) for each in bundled() if each.measured_returns is not None]
    parts += [_window(title, *window) for title, window in OTHER_WINDOWS.items()]
    return "\n".join(parts)


def _compared(scenario: Scenario) -> str:
    assert scenario.window_start is not None
    assert scenario.window_end is not None
    found = measured(scenario.window_start, scenario.window_end)
    columns = ("scenario", "measured, same terms", "proxy's own return")
    rows = {
        name: (_shock(scenario, name), _percent(_over_market(found, name)), _returned(found, name))
        for name in NAMES
    }
    title = f"{scenario.name}: {scenario.window_start} to {scenario.window_end}"
    return _table(title, columns, rows, ("not shocked", _yield_change(found), ""))


def _window(title: str, start: date, end: date) -> str:
    found = measured(start, end)
    columns = ("over the market", "proxy's own return")
    rows = {name: (_percent(_over_market(found, name)), _returned(found, name)) for name in NAMES}
    return _table(f"{title}: {start} to {end}", columns, rows, ("", _yield_change(found)))


def _table(title: str, columns: Cells, rows: Mapping[str, Cells], yield_row: Cells) -> str:
    """A section of the page: a row for each factor by name, and the yield's."""
    lines = [
        ("factor", "proxy", *columns),
        *((name, proxy, *rows[name]) for name, proxy in zip(NAMES, PROXIES, strict=True)),
        ("10-year yield", "", *yield_row),
    ]
    head, *body = ("| " + " | ".join(cells) + " |" for cells in lines)
    rule = "|" + "---|" * len(lines[0])
    return "\n".join([f"### {title}", "", head, rule, *body]) + "\n"


def _yield_change(found: Measured) -> str:
    return f"{found.rate_change * 1e4:+.0f} bp"


def _returned(found: Measured, name: str) -> str:
    return _percent(found.returns[name])


def _over_market(found: Measured, name: str) -> float:
    return found.returns[name] - (0.0 if name == MARKET_NAME else found.returns[MARKET_NAME])


def _shock(scenario: Scenario, name: str) -> str:
    return _percent(scenario.shocks[name]) if name in scenario.shocks else "follows the market"


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
            fields = {"measured_returns": found.returns, "measured_rate_change": found.rate_change}
            print(each.scenario_id, json.dumps(fields | {"measured_source": SOURCE}))
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Documents of a portfolio of 100 positions, next to WeasyPrint.

`python -m tests.bench.bench_reports`. One process. Measured is the processor's time from frozen
figures to bytes, laid out included: a full report with 60 stocks and 40 options, a year of NAV and
of a backtest, 18 scenarios. The peer renders the same report's HTML; without it (it needs Pango of
the system) the line says so. The last lines are many daily PDFs one after the
other, and the memory of the process.
"""

import resource
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import Any

from services.reports.inputs import Silent
from services.reports.rendering import rendered
from shared.contracts.reports import TemplateWord
from tests.bench.measuring import Measurement, alone, within
from tests.unit.reports.building import AS_OF, GREEKS, a_metric, a_portfolio, a_position, a_question

STOCKS = 60
OPTIONS = 40
SESSIONS = 250
SCENARIOS = 18
REPETITIONS = 5
DAILY = 100
ALLOWED = {"pdf": 1.0, "xlsx": 0.5, "html": 0.3}
MOST_MEGABYTES = 400.0


def run() -> list[Measurement]:
    """Median processor seconds of each format, the peer's, and many small documents."""
    figures = a_full_portfolio()
    rows = []
    for form, limit in ALLOWED.items():
        seconds = processor_seconds(partial(document, form, "full", figures))
        name = f"full {form} of {STOCKS + OPTIONS} positions"
        rows.append(within(limit, f"{limit} s", name, seconds))
    page = document("html", "full", figures).decode()
    daily = processor_seconds(partial(document, "pdf", "daily", figures))
    started = time.process_time()
    for _ in range(DAILY):
        document("pdf", "daily", figures)
    lasted = time.process_time() - started
    rows += [
        weasyprint(page),
        alone("daily pdf", daily),
        alone(f"{DAILY} daily PDFs one after the other", lasted),
    ]
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    memory = within(MOST_MEGABYTES, "400 MB", "memory of the process at its most, MB", megabytes)
    return [*rows, memory | {"unit": "MB"}]


def document(form: str, template: TemplateWord, figures: dict[str, Any]) -> bytes:
    """A report of the figures."""
    return rendered(a_question(form, template, figures), Silent()).content


def processor_seconds(work: Callable[[], object]) -> float:
    """The median time of the processor, all threads included, after one go that does not count."""
    work()
    taken = []
    for _ in range(REPETITIONS):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return sorted(taken)[REPETITIONS // 2]


def weasyprint(page: str) -> Measurement:
    """The same HTML by WeasyPrint, or why there is no such figure."""
    try:
        peer: Any = import_module("weasyprint")
    except (ImportError, OSError):
        return alone("the same HTML by WeasyPrint: not installed here", float("nan"))
    started = time.process_time()
    peer.HTML(string=page).write_pdf()
    return alone("the same HTML as PDF by WeasyPrint", time.process_time() - started)


def a_full_portfolio() -> dict[str, Any]:
    """Answers with everything that a full report shows."""
    days = [(AS_OF - timedelta(days=SESSIONS - n)).isoformat() for n in range(SESSIONS)]
    stocks = [a_position(f"STK{n:03}", market_value=1000.0 * n) for n in range(STOCKS)]
    options = [
        a_position(f"STK{n:03}230616C00150000", instrument="option", position_type="LC")
        for n in range(OPTIONS)
    ]
    found = a_portfolio("A hundred positions", positions={"items": [*stocks, *options]})
    report = found["report"]
    report["history"] = [
        {"as_of": day, "nav": 1e6 + 997.0 * (n % 41), "daily_return": 0.001 * (n % 7 - 3)}
        for n, day in enumerate(days)
    ]
    report["greeks"]["positions"] = [
        {"contract": each["symbol"], "quantity": 2.0, "volatility": 0.3, **GREEKS}
        for each in options
    ]
    report["stress"]["scenarios"] = [a_scenario(n) for n in range(SCENARIOS)]
    report["metrics"]["groups"] = [
        {"kind": "value_at_risk", "metrics": [a_metric(f"metric_{n}", 10.5 * n) for n in range(30)]}
    ]
    found["backtest"] = {"reason": None, "judged": [a_judged_var(days)]}
    found["definitions"] = [
        {"title": f"Measure {n}", "meaning": "What it says, in a sentence of a few words."}
        for n in range(30)
    ]
    return found


def a_scenario(number: int) -> dict[str, Any]:
    """What a scenario would make."""
    result = {"total_pnl": -1000.5 * number, "share_of_nav": -0.001, "headline": "specified"}
    name = {"name": f"Scenario {number}", "severity": "severe"}
    return {**name, "direct": result, "correlated": result}


def a_judged_var(days: list[str]) -> dict[str, Any]:
    """A VaR with the P&L of the sessions after it."""
    return {
        "measure": "var_99_1d_historical",
        "session_dates": days,
        "hypothetical_pnl": [100.0 * (n % 23 - 11) for n in range(len(days))],
        "values": [1500.0] * len(days),
        "days": len(days),
        "exceptions": 2,
        "expected_exceptions": 2.5,
    }


if __name__ == "__main__":
    from tests.bench import show

    show(run())

"""Documents of a portfolio of 100 positions, next to WeasyPrint, and those of a close.

`python -m tests.bench.bench_reports`. Measured is the processor's time from frozen figures to
bytes, laid out included, of all processes that take part: a full report with 60 stocks and 40
options, a year of NAV and of a backtest, 18 scenarios; and the daily report of the same. The peer
is installed into a folder that is deleted, and renders the HTML of the same report; without it (it
needs a package index, and Pango of the system) the line says so. The last lines are 1,000 daily
PDFs by two replicas of the service on real servers, and the memory of the larger one.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from services.reports.inputs import Silent
from services.reports.rendering import rendered
from shared.contracts.reports import TemplateWord
from tests.bench import report_replicas
from tests.bench.measuring import Measurement, alone, within
from tests.servers import Servers, running_servers
from tests.unit.reports.building import AS_OF, GREEKS, a_metric, a_portfolio, a_position, a_question

STOCKS = 60
OPTIONS = 40
SESSIONS = 250
SCENARIOS = 18
REPETITIONS = 5
DAILY = 1_000
REPLICAS = 2
PEER = "weasyprint==70.0"
FASTER = 5.0  # than the peer
ALLOWED = {"pdf": 1.0, "xlsx": 0.5, "html": 0.3}
MOST_MEGABYTES = 400.0


def run() -> list[Measurement]:
    """Median processor seconds of each format next to the peer's, and the reports of a close."""
    figures = a_full_portfolio()
    rows = []
    for form, limit in ALLOWED.items():
        seconds = processor_seconds(partial(document, form, "full", figures))
        name = f"full {form} of {STOCKS + OPTIONS} positions"
        rows.append(within(limit, f"{limit} s", name, seconds))
    rows += _next_to_peer(figures)
    with running_servers() as servers:
        return [*rows, *asyncio.run(_close(servers, figures))]


def _next_to_peer(figures: dict[str, Any]) -> list[Measurement]:
    """PDFs of both templates, and how much longer the peer takes for the same."""
    templates: tuple[TemplateWord, ...] = ("full", "daily")
    pages = [document("html", each, figures) for each in templates]
    peer = weasyprint(pages)
    rows = []
    for place, template in enumerate(templates):
        own = processor_seconds(partial(document, "pdf", template, figures))
        if isinstance(peer, str):
            rows.append(alone(f"{template} pdf; WeasyPrint: {peer}", own))
        else:
            row = within(peer[place], f"WeasyPrint {peer[place]:.3g} s", f"{template} pdf", own)
            rows.append(row | {"accuracy": f"at least {FASTER:g} times faster is expected"})
    return rows


async def _close(servers: Servers, figures: dict[str, Any]) -> list[Measurement]:
    """The daily PDFs after a close, by replicas of the service."""
    with report_replicas.running(servers, REPLICAS) as replicas:
        async with report_replicas.connected(servers) as (admin, bus):
            before = replicas.use().seconds
            await report_replicas.request(admin, bus, figures, DAILY)
            took, use = await report_replicas.until_rendered(admin, replicas, DAILY)
    named = f"{DAILY:,} daily PDFs by {REPLICAS} replicas"
    rate = f"{DAILY / took:.0f} a second"
    memory = within(MOST_MEGABYTES, "400 MB", f"{named}: the larger one's memory", use.megabytes)
    return [
        alone(f"{named}, on the clock", took, rate),
        alone(f"{named}, of the processor", use.seconds - before),
        memory | {"unit": "MB"},
    ]


def document(form: str, template: TemplateWord, figures: dict[str, Any]) -> bytes:
    """A report of the figures."""
    return rendered(a_question(form, template, figures), Silent()).content


def processor_seconds(work: Callable[[], object]) -> float:
    """The median time of the processor, of all threads and processes, after one go."""
    work()
    taken = []
    for _ in range(REPETITIONS):
        started = _spent()
        work()
        taken.append(_spent() - started)
    return sorted(taken)[REPETITIONS // 2]


def _spent() -> float:
    """Processor seconds of this process and those that it has started, ended ones included."""
    seconds = time.process_time() + sum(os.times()[2:4])
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            seconds += times.user + times.system
    return seconds


_PEER = """
import sys, time, weasyprint
for path in sys.argv[1:]:
    page, taken = open(path, encoding="utf-8").read(), []
    for _ in range(4):
        started = time.process_time()
        weasyprint.HTML(string=page).write_pdf()
        taken.append(time.process_time() - started)
    print(sorted(taken[1:])[1])
"""


def weasyprint(pages: list[bytes]) -> list[float] | str:
    """The peer's median processor seconds for each page, or why there are none."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [folder / f"{number}.html" for number in range(len(pages))]
        for path, page in zip(paths, pages, strict=True):
            path.write_bytes(page)
        uv = ("-m", "uv", "pip", "install", "--quiet", "--python", sys.executable)
        commands = [
            (sys.executable, *uv, "--target", str(folder / "peer"), PEER),
            (sys.executable, "-c", _PEER, *map(str, paths)),
        ]
        said = ""
        for command in commands:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, "PYTHONPATH": str(folder / "peer")},
            )
            if done.returncode:
                return (done.stderr.strip() or "it failed").splitlines()[-1][:80]
            said = done.stdout
    return [float(line) for line in said.split()]


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

"""How much processor time each test file takes, beside its budget; printed after every run.

Counted is the time of the test process and of the processes it started and waited for. It hardly
depends on what else a machine does, which the time on the clock does. Postgres and NATS, which all
tests of a process share, are waited for at its end: they have a separate line.
"""

import os
from collections import defaultdict
from collections.abc import Iterator

import pytest

BUDGET_SECONDS = 15.0
SHOWN = 20
SERVERS = "the servers that files share"
# Files that start whole stacks, ask every endpoint or import every service.
LARGER = {
    SERVERS: 300.0,
    "tests/e2e/test_chaos.py": 60.0,
    "tests/e2e/test_kill_in_replay.py": 60.0,
    "tests/e2e/test_live_data.py": 25.0,
    "tests/e2e/test_local_stack.py": 80.0,
    "tests/e2e/test_replicas.py": 60.0,
    "tests/integration/deploy/test_images.py": 30.0,
    "tests/integration/gateway/test_edge.py": 20.0,
    "tests/integration/gateway/test_edits_meanwhile.py": 20.0,
    "tests/integration/gateway/test_matrix_shared.py": 20.0,
    "tests/integration/gateway/test_schemathesis.py": 90.0,
    "tests/integration/gateway/test_terminal.py": 20.0,
    "tests/integration/pipeline/test_isolation.py": 25.0,
    "tests/integration/pipeline/test_pipeline.py": 30.0,
    "tests/integration/test_how_tos.py": 110.0,  # mypy takes 40 of it the first time
}
_NAME = "processor_seconds"
_OF_SERVERS = "processor_seconds_of_servers"
_STARTED = pytest.StashKey[float]()


def processor_seconds() -> float:
    """Of this process and the ended ones it started."""
    return sum(os.times()[:4])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_STARTED] = processor_seconds()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if nextitem is None:
        item.user_properties.append((_NAME, processor_seconds() - item.stash[_STARTED]))
        item.stash[_STARTED] = processor_seconds()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    if call.when == "teardown":
        is_last = any(name == _NAME for name, _ in item.user_properties)
        used = processor_seconds() - item.stash[_STARTED]
        item.user_properties.append((_OF_SERVERS if is_last else _NAME, used))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    used: defaultdict[str, float] = defaultdict(float)
    for file, seconds in _measured(terminalreporter):
        used[file] += seconds
    if not used:
        return
    terminalreporter.section(f"processor seconds, {sum(used.values()):.0f} in all")
    for file, seconds in sorted(used.items(), key=lambda each: -each[1])[:SHOWN]:
        budget = LARGER.get(file, BUDGET_SECONDS)
        over = "  OVER ITS BUDGET" if seconds > budget else ""
        terminalreporter.write_line(f"{seconds:8.1f} of {budget:4.0f}  {file}{over}")


def _measured(reporter: pytest.TerminalReporter) -> Iterator[tuple[str, float]]:
    """File and seconds of every test that ran."""
    for report in (each for reports in reporter.stats.values() for each in reports):
        if isinstance(report, pytest.TestReport) and report.when == "teardown":
            for name, seconds in report.user_properties:
                if name in (_NAME, _OF_SERVERS):
                    file = report.location[0] if name == _NAME else SERVERS
                    yield file, float(str(seconds))

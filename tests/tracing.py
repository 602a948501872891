"""Which tests are traced, with `--cov`.

Tracing takes half as long again, so it is left out where others run nearly the same lines of
services and shared: the coverage that is reported can only be less than what is tested.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import coverage
import pytest

ROOT = Path(__file__).parents[1]
_MEASURED = pytest.StashKey[coverage.Coverage]()
UNTRACED = (
    "tests/architecture",
    "tests/e2e",
    "tests/integration/deploy",
    "tests/integration/gateway",
    "tests/integration/pipeline",
    "tests/integration/snapshots",
    "tests/integration/test_how_tos.py",
    "tests/integration/test_new_service.py",
    "tests/integration/test_ownership.py",
    "tests/unit/gateway/test_ledger.py",
    "tests/unit/shared/test_american.py",
    "tests/unit/snapshots/test_cents.py",
    "tests/unit/snapshots/test_order_independence.py",
    "tests/unit/snapshots/test_spans.py",
)
# In those folders, the files that reach most for the time they take.
TRACED = (
    "tests/integration/gateway/test_accounts.py",
    "tests/integration/gateway/test_auth.py",
    "tests/integration/gateway/test_days.py",
    "tests/integration/gateway/test_dead_letters.py",
    "tests/integration/gateway/test_definitions.py",
    "tests/integration/gateway/test_events.py",
    "tests/integration/gateway/test_exports.py",
    "tests/integration/gateway/test_greeks.py",
    "tests/integration/gateway/test_idempotency.py",
    "tests/integration/gateway/test_ledger.py",
    "tests/integration/gateway/test_market_data.py",
    "tests/integration/gateway/test_metrics.py",
    "tests/integration/gateway/test_page_sessions.py",
    "tests/integration/gateway/test_problems.py",
    "tests/integration/gateway/test_stress.py",
    "tests/integration/gateway/test_tags.py",
    "tests/integration/gateway/test_unknown_symbols.py",
    "tests/integration/snapshots/test_measure_risk.py",
    "tests/integration/snapshots/test_opening_cash.py",
)


def names_of(item: pytest.Item) -> set[str]:
    """A test's file and the folders that hold it."""
    file = item.path.relative_to(ROOT)
    return {str(file), *(str(parent) for parent in file.parents)}


@pytest.hookimpl(trylast=True)  # pytest-cov starts tracing the processes of xdist in its own
def pytest_sessionstart(session: pytest.Session) -> None:
    measured = coverage.Coverage.current()
    if measured is not None:
        # At every start it would look whether any of some thousand modules was imported too early.
        measured._warn_preimported_source = False
        _leave_alone(measured)
        session.config.stash[_MEASURED] = measured


def _leave_alone(measured: coverage.Coverage) -> None:
    """Stop the second measurement that pytest-cov leaves behind in every process of xdist.

    It would go on tracing, for nothing, whenever the one that is reported is stopped.
    """
    while (running := coverage.Coverage.current()) is not None:
        running.stop()
    measured.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    names = names_of(item)
    with _tracing(item.config, bool(names & set(TRACED)) or not names & set(UNTRACED)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    if fixturedef.scope != "session":
        return (yield)
    with _tracing(request.config, True):  # once per process, whichever test is the first
        return (yield)


@contextmanager
def _tracing(config: pytest.Config, wanted: bool) -> Iterator[None]:
    measured = config.stash.get(_MEASURED, None)
    before = coverage.Coverage.current() is not None
    _switch(measured, wanted)
    try:
        yield
    finally:
        _switch(measured, before)


def _switch(measured: coverage.Coverage | None, on: bool) -> None:
    if measured is not None and on != (coverage.Coverage.current() is not None):
        (measured.start if on else measured.stop)()

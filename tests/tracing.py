"""Which tests are traced, with `--cov`.

Tracing takes half as long again, so it is left out where others run nearly the same lines of
services and shared: the coverage that is reported can only be less than what is tested.
"""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

import coverage
import pytest

ROOT = Path(__file__).parents[1]
_MEASURED = pytest.StashKey[coverage.Coverage]()
FIRST = "gw0"  # the process of xdist that also traces what importing the tests runs
# A property is traced for so many examples: the hundreds after them run the same lines.
EXAMPLES = 25
UNTRACED = (
    "tests/architecture",
    "tests/e2e",
    "tests/integration/deploy",
    "tests/integration/factors/test_compute_factors.py",
    "tests/integration/gateway",
    "tests/integration/greeks/test_compute_greeks.py",
    "tests/integration/pipeline",
    "tests/integration/shared/test_merge.py",
    "tests/integration/shared/test_merge_columns.py",
    "tests/integration/shared/test_positions_on.py",
    "tests/integration/shared/test_published_types.py",
    "tests/integration/shared/test_retention.py",
    "tests/integration/snapshots",
    "tests/integration/stress/test_pnl_store.py",
    "tests/integration/stress/test_requests.py",
    "tests/integration/test_how_tos.py",
    "tests/integration/test_ownership.py",
    "tests/unit/deploy",
    "tests/unit/factors/test_any_company.py",
    "tests/unit/factors/test_betas.py",
    "tests/unit/factors/test_regression.py",
    "tests/unit/factors/test_walk_forward.py",
    "tests/unit/gateway/test_ledger.py",
    "tests/unit/gateway/test_plain_lines.py",
    "tests/unit/limits/test_addresses.py",
    "tests/unit/limits/test_measures.py",
    "tests/unit/shared/test_american.py",
    "tests/unit/shared/test_black_scholes.py",
    "tests/unit/shared/test_bus_semantics.py",
    "tests/unit/snapshots/test_cents.py",
    "tests/unit/snapshots/test_order_independence.py",
    "tests/unit/snapshots/test_spans.py",
    "tests/unit/stress/test_house_scenarios.py",
    "tests/unit/test_methodology.py",
)
# In those folders, the files that reach most for the time they take.
TRACED = (
    "tests/integration/gateway/test_agent_drafts.py",
    "tests/integration/gateway/test_agent_tables.py",
    "tests/integration/gateway/test_agents.py",
    "tests/integration/gateway/test_alerts.py",
    "tests/integration/gateway/test_api_tour.py",
    "tests/integration/gateway/test_demo.py",
    "tests/integration/gateway/test_draft_exports.py",
    "tests/integration/gateway/test_export_trades.py",
    "tests/integration/gateway/test_ledger.py",
    "tests/integration/gateway/test_limits_drafts.py",
    "tests/integration/gateway/test_matrix_records.py",
    "tests/integration/gateway/test_option_map.py",
    "tests/integration/gateway/test_own_runs.py",
    "tests/integration/gateway/test_reconcile.py",
    "tests/integration/gateway/test_report_figures.py",
    "tests/integration/gateway/test_reports.py",
    "tests/integration/gateway/test_scenario_map.py",
    "tests/integration/gateway/test_second_factor.py",
    "tests/integration/gateway/test_sign_on.py",
    "tests/integration/gateway/test_suggestions.py",
    "tests/integration/gateway/test_terminal.py",
    "tests/integration/gateway/test_unfinished.py",
    "tests/integration/snapshots/test_worked_ledger.py",
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
        if os.environ.get("PYTEST_XDIST_WORKER", FIRST) != FIRST:
            measured.stop()  # while tests are imported: every process imports the same


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
    wanted = bool(names & set(TRACED)) or not names & set(UNTRACED)
    with _tracing(item.config, wanted), _first_examples(item):
        return (yield)


@contextmanager
def _first_examples(item: pytest.Item) -> Iterator[None]:
    """Stop tracing in the test of a property once it has run its first examples."""
    measured = item.config.stash.get(_MEASURED, None)
    property_tested = getattr(getattr(item, "obj", None), "hypothesis", None)
    if measured is None or property_tested is None:
        yield
        return
    original = property_tested.inner_test
    property_tested.inner_test = _traced_at_first(original, measured)
    try:
        yield
    finally:
        property_tested.inner_test = original


def _traced_at_first(
    example: Callable[..., object], measured: coverage.Coverage
) -> Callable[..., object]:
    count = 0

    @wraps(example)
    def counted(*arguments: object, **named: object) -> object:
        nonlocal count
        count += 1
        if count > EXAMPLES:
            _switch(measured, False)
        return example(*arguments, **named)

    return counted


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

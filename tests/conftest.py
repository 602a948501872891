"""What every test shares: properties are never failed for the time an example takes."""

import gc
from pathlib import Path

import pytest
from hypothesis import settings

from tests.budgets import (  # noqa: F401 - hooks
    pytest_runtest_makereport,
    pytest_runtest_setup,
    pytest_runtest_teardown,
    pytest_terminal_summary,
)

# Machines are shared: a slow example says nothing about the property.
settings.register_profile("sigmasight", deadline=None)
settings.load_profile("sigmasight")

# Importing every test leaves very many objects that stay: looking for garbage among them while
# they are made, and again in every test, would take a third of the time until the first test.
gc.disable()

ROOT = Path(__file__).parents[1]
# The files that take longest come first, so that the processes of `make test`, which take file by
# file in this order, end together.
LONGEST = (
    "tests/integration/gateway/test_schemathesis.py",
    "tests/e2e/test_local_stack.py",
    "tests/e2e",
    "tests/integration/pipeline",
    "tests/integration/test_how_tos.py",
    "tests/integration/test_new_service.py",
    "tests/integration/gateway",
    "tests/integration",
)

# Tracing takes half as long again, so it is left out where others run nearly the same lines of
# services and shared: the coverage that is reported can only be less than what is tested.
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names = names_of(item)
        if names & set(UNTRACED) and not names & set(TRACED):
            item.add_marker("no_cover")
    items.sort(key=place)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def names_of(item: pytest.Item) -> set[str]:
    """A test's file and the folders that hold it."""
    file = item.path.relative_to(ROOT)
    return {str(file), *(str(parent) for parent in file.parents)}


def place(item: pytest.Item) -> int:
    """Where a test's file comes in the order: that of its first name in the list."""
    names = names_of(item)
    return next((number for number, name in enumerate(LONGEST) if name in names), len(LONGEST))

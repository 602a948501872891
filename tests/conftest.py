"""What every test shares: properties are never failed for the time an example takes."""

import gc
from pathlib import Path

import pytest
from hypothesis import settings

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

# What these run of services and shared, others run too: tracing them would only take time, and the
# coverage that is left can only be less.
UNTRACED = (
    "tests/architecture",
    "tests/integration/gateway/test_answers.py",
    "tests/integration/gateway/test_api_tour.py",
    "tests/integration/gateway/test_book_csv.py",
    "tests/integration/gateway/test_client.py",
    "tests/integration/gateway/test_demo.py",
    "tests/integration/gateway/test_edits.py",
    "tests/integration/gateway/test_edits_meanwhile.py",
    "tests/integration/gateway/test_matrix.py",
    "tests/integration/gateway/test_reads.py",
    "tests/integration/gateway/test_recalculation.py",
    "tests/integration/gateway/test_row_security.py",
    "tests/integration/gateway/test_schemathesis.py",
    "tests/integration/gateway/test_settling.py",
    "tests/integration/gateway/test_splits.py",
    "tests/integration/gateway/test_tenancy.py",
    "tests/integration/gateway/test_turns.py",
    "tests/integration/gateway/test_unknown_parameters.py",
    "tests/integration/gateway/test_worked_example.py",
    "tests/integration/pipeline",
    "tests/unit/gateway/test_ledger.py",
    "tests/unit/shared/test_american.py",
    "tests/unit/snapshots/test_cents.py",
    "tests/unit/snapshots/test_order_independence.py",
    "tests/unit/snapshots/test_spans.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if names_of(item) & set(UNTRACED):
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

"""What every test shares: properties are never failed for the time an example takes."""

import asyncio
import gc

import pytest
import uvloop
from hypothesis import settings

from tests.budgets import (  # noqa: F401 - hooks
    pytest_runtest_makereport,
    pytest_runtest_setup,
    pytest_runtest_teardown,
    pytest_terminal_summary,
)
from tests.tracing import (  # noqa: F401 - hooks
    names_of,
    pytest_fixture_setup,
    pytest_runtest_protocol,
    pytest_sessionstart,
)

# Machines are shared: a slow example says nothing about the property.
settings.register_profile("sigmasight", deadline=None)
settings.load_profile("sigmasight")

# The loop that services run on: uvicorn takes it where it is installed.
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

# Importing every test leaves very many objects that stay: looking for garbage among them while
# they are made, and again in every test, would take a third of the time until the first test.
gc.disable()

# The files that take longest come first, so that the processes of `make test`, which take file by
# file in this order, end together.
LONGEST = (
    "tests/integration/gateway/test_schemathesis.py",
    "tests/e2e/test_local_stack.py",
    "tests/e2e",
    "tests/integration/pipeline",
    "tests/integration/test_how_tos.py",
    "tests/integration/gateway",
    "tests/integration",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=place)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def place(item: pytest.Item) -> int:
    """Where a test's file comes in the order: that of its first name in the list."""
    names = names_of(item)
    return next((number for number, name in enumerate(LONGEST) if name in names), len(LONGEST))

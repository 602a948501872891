"""What every test shares: properties are never failed for the time an example takes."""

from pathlib import Path

import pytest
from hypothesis import settings

# Machines are shared: a slow example says nothing about the property.
settings.register_profile("sigmasight", deadline=None)
settings.load_profile("sigmasight")

ROOT = Path(__file__).parents[1]
# The files that take longest come first, so that the processes of `make test`, which take file by
# file in this order, end together.
LONGEST = (
    "tests/integration/gateway/test_schemathesis.py",
    "tests/e2e",
    "tests/integration/pipeline",
    "tests/integration/test_how_tos.py",
    "tests/integration/test_new_service.py",
    "tests/integration/gateway",
    "tests/integration",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: place(item.path.relative_to(ROOT)))


def place(file: Path) -> int:
    """Where a test's file comes in the order: that of its first name in the list."""
    names = {str(file), *(str(parent) for parent in file.parents)}
    return next((number for number, name in enumerate(LONGEST) if name in names), len(LONGEST))

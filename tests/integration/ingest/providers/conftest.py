"""Providers are queried over HTTP or read from files, and store nothing."""

import pytest


@pytest.fixture(autouse=True)
def empty() -> None:
    """No database here."""

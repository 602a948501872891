"""All six services on one bus."""

from collections.abc import AsyncIterator

import pytest

from shared.database import Database
from tests.pipeline import Pipeline, running_pipeline
from tests.servers import Servers


@pytest.fixture
async def pipeline(servers: Servers, admin: Database, empty: None) -> AsyncIterator[Pipeline]:
    """Every service at work, begun with empty tables and streams."""
    async with running_pipeline(servers, admin) as running:
        yield running

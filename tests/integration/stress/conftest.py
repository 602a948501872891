"""The stress service as its start leaves it."""

import pytest

from services.stress.handlers.mirror_scenarios import mirror_scenarios
from tests.servers import Role


@pytest.fixture(autouse=True)
async def mirrored(role: Role, empty: None) -> None:
    """The scenarios are where the service's start leaves them."""
    async with role("stress").transaction() as session:
        await mirror_scenarios(session)

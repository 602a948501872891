"""No user sees another's portfolio: 404, as if it were not there."""

import pytest

from tests.integration.gateway.people import Person


@pytest.mark.usefixtures("market")
async def test_anothers_portfolio_takes_no_upload(ann: Person, bob: Person) -> None:
    portfolio_id = await ann.uploaded()

    answer = await bob.upload(portfolio_id=portfolio_id)

    assert (answer.status_code, answer.json()["code"]) == (404, "portfolio_not_found")


@pytest.mark.usefixtures("market")
async def test_lists_and_names_are_ones_own(ann: Person, bob: Person) -> None:
    await ann.uploaded(portfolio_name="Growth")
    await bob.uploaded(portfolio_name="Growth")

    assert (await ann.get("portfolios")).json()["total"] == 1
    assert (await bob.get("portfolios")).json()["total"] == 1

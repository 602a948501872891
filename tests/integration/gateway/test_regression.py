"""Full regressions over REST: the gateway asks, the factors service's own code answers."""

from collections.abc import AsyncIterator

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from services.factors.handlers.regress_symbol import regress_symbol
from shared.contracts.factors import RegressSymbol
from shared.database import Database
from shared.published import factors as published
from tests import panel
from tests.builders import AS_OF, a_portfolio, a_position, save_positions
from tests.integration.factors.test_compute_factors import (
    SESSIONS,
    greeks_computed,
    rows_of,
    run,
    save_market,
)
from tests.integration.gateway.answering import handling
from tests.integration.gateway.people import Person
from tests.servers import Role

pytestmark = pytest.mark.usefixtures("market")
PATH = "factors/regression"


@pytest.fixture
async def factors(bus: Client, role: Role) -> AsyncIterator[None]:
    """The factors service's answer to what is asked on the bus, in its own role."""
    async with handling(bus, role("factors"), RegressSymbol, regress_symbol):
        yield


@pytest.mark.parametrize("model", ["market_relative", "joint", "univariate"])
async def test_betas_are_the_stored_ones_to_the_last_digit(
    ann: Person, admin: Database, role: Role, factors: None, model: str
) -> None:
    await save_market(admin, "AAPL")
    portfolio = await a_portfolio(admin)
    await save_positions(admin, a_position(portfolio, "AAPL", 100))
    await run(role, greeks_computed(portfolio))

    answer = await ann.get(f"{PATH}/aapl", model=model)

    found = answer.json()
    assert answer.status_code == 200, answer.text
    assert (found["symbol"], found["as_of"], found["stored"]) == ("AAPL", AS_OF.isoformat(), True)
    assert found["largest_difference"] < 1e-11
    assert found["warnings"] == []
    shown = [each for part in found["regressions"] for each in part["coefficients"]]
    assert [(each["factor"], each["proxy"]) for each in shown] == list(
        zip(panel.FACTORS, panel.PROXIES, strict=True)
    )
    stored = await rows_of(role, published.symbol_factor_betas, symbol="AAPL", model=model)
    by_factor = {row["factor"]: row for row in stored}
    for each in shown:
        row = by_factor[each["factor"]]
        for name in ("beta", "raw_beta", "standard_error", "capped"):
            assert each[name] == row[name]
        near = abs(row["raw_beta"]) <= 2 * row["standard_error"]
        assert each["indistinguishable_from_zero"] is near


async def test_closes_that_changed_since_are_a_warning(
    ann: Person, admin: Database, role: Role, factors: None
) -> None:
    await save_market(admin, "AAPL")
    portfolio = await a_portfolio(admin)
    await save_positions(admin, a_position(portfolio, "AAPL", 100))
    await run(role, greeks_computed(portfolio))
    async with admin.transaction() as session:
        await session.execute(
            text(
                "update ingest.daily_prices set adjusted_close = adjusted_close * 1.3 "
                "where symbol = 'AAPL' and session_date = :day"
            ),
            {"day": SESSIONS[100]},
        )

    found = (await ann.get(f"{PATH}/AAPL")).json()

    assert [(each["code"], each["about"]) for each in found["warnings"]] == [
        ("betas_outdated", ["AAPL"])
    ]


async def test_a_symbol_with_too_few_returns_has_nulls_with_a_reason(
    ann: Person, admin: Database, factors: None
) -> None:
    await save_market(admin, "AAPL", sessions=SESSIONS[-40:])

    found = (await ann.get(f"{PATH}/AAPL")).json()

    (part,) = found["regressions"]
    assert (found["stored"], part["quality"]) == (False, "insufficient")
    assert part["reason"] == "39 returns in the window; 60 are needed"
    assert {each["beta"] for each in part["coefficients"]} == {None}
    assert (part["tests"], part["rolling"], part["influence"]) == (None, None, None)


async def test_as_of_is_the_last_session_at_or_before(
    ann: Person, admin: Database, factors: None
) -> None:
    await save_market(admin, "AAPL")

    found = (await ann.get(f"{PATH}/AAPL", as_of="2022-12-25")).json()

    assert found["as_of"] == "2022-12-23"
    assert found["regressions"][0]["last_day"] == "2022-12-23"


async def test_an_unknown_symbol_is_404_by_its_name(ann: Person, factors: None) -> None:
    answer = await ann.get(f"{PATH}/NEWCO")

    assert (answer.status_code, answer.json()["code"]) == (404, "symbol_not_found")
    assert "NEWCO" in answer.json()["detail"]


async def test_an_unknown_model_is_refused(ann: Person, factors: None) -> None:
    answer = await ann.get(f"{PATH}/AAPL", model="ridge")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "model"


async def test_without_the_factors_service_it_is_unavailable(ann: Person, admin: Database) -> None:
    await save_market(admin, "AAPL")

    answer = await ann.get(f"{PATH}/AAPL")

    assert answer.status_code == 503

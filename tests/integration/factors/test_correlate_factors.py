"""The factors' covariance on request: weighted as asked for, and stored nowhere."""

import pytest

from services.factors.calculations.betas import over_market
from services.factors.calculations.covariance import ewma_covariance
from services.factors.handlers.correlate_factors import correlate_factors
from shared.contracts.factors import CorrelateFactors, FactorCorrelations
from shared.database import Database
from shared.published import factors as published
from shared.quant.returns import simple_returns
from tests import panel
from tests.builders import AS_OF
from tests.integration.factors.test_compute_factors import (
    SESSIONS,
    greeks_computed,
    rows_of,
    run,
    save_market,
)
from tests.servers import Role


async def asked(role: Role, request: CorrelateFactors) -> FactorCorrelations:
    async with role("factors").transaction() as session:
        return await correlate_factors(request, session)


async def test_the_usual_weights_give_what_is_stored(admin: Database, role: Role) -> None:
    await save_market(admin)
    await run(role, greeks_computed())

    answers = {
        space: await asked(role, CorrelateFactors(as_of=AS_OF, space=space))
        for space in ("absolute", "market_relative")
    }

    stored = await rows_of(role, published.factor_covariances)
    assert len(stored) == 2 * 49
    for row in stored:
        answer = answers[row["space"]]
        first, second = answer.factors.index(row["factor_a"]), answer.factors.index(row["factor_b"])
        assert answer.covariances[first][second] == pytest.approx(row["covariance"], rel=1e-12)
        assert answer.correlations[first][second] == pytest.approx(row["correlation"], rel=1e-12)
        assert answer.observations == row["observations"]


async def test_other_weights_are_used_and_nothing_is_stored(admin: Database, role: Role) -> None:
    await save_market(admin)

    answer = await asked(role, CorrelateFactors(as_of=AS_OF, decay=0.99, lookback=100))

    returns = over_market(simple_returns(panel.closes(*panel.PROXIES, last=101)), panel.FACTORS)
    expected = ewma_covariance(returns, 0.99, 100)
    assert answer.observations == 100
    for found, row in zip(answer.covariances, expected.covariance.tolist(), strict=True):
        assert found == pytest.approx(row, rel=1e-9)
    assert await rows_of(role, published.factor_covariances) == []


async def test_too_few_days_are_null(admin: Database, role: Role) -> None:
    await save_market(admin)

    answer = await asked(role, CorrelateFactors(as_of=SESSIONS[30]))

    assert {value for row in answer.correlations for value in row} == {None}
    assert answer.observations == 30

"""The regressions behind a symbol's betas on request: the stored betas, and their diagnostics."""

import pytest

from services.factors.handlers.regress_symbol import regress_symbol
from services.factors.inputs import MODELS
from shared.contracts.factors import RegressSymbol, SymbolRegressions
from shared.database import Database
from shared.published import factors as published
from tests.builders import AS_OF, a_portfolio, a_position, save_positions
from tests.integration.factors.test_compute_factors import (
    SESSIONS,
    greeks_computed,
    rows_of,
    run,
    save_market,
)
from tests.servers import Role


async def regressed(role: Role, symbol: str, model: str) -> SymbolRegressions:
    request = RegressSymbol.model_validate({"symbol": symbol, "as_of": AS_OF, "model": model})
    async with role("factors").transaction() as session:
        return await regress_symbol(request, session)


@pytest.mark.parametrize("model", MODELS)
async def test_betas_equal_the_stored_ones_to_the_last_digit(
    admin: Database, role: Role, model: str
) -> None:
    await save_market(admin, "AAPL", "XOM", "BND")
    portfolio = await a_portfolio(admin)
    held = [a_position(portfolio, symbol, 100) for symbol in ("AAPL", "XOM", "BND")]
    await save_positions(admin, *held)
    await run(role, greeks_computed(portfolio))

    for symbol in ("AAPL", "XOM", "BND"):
        found = await regressed(role, symbol, model)
        stored = {
            row["factor"]: row
            for row in await rows_of(
                role, published.symbol_factor_betas, symbol=symbol, model=model
            )
        }

        shown = [each for part in found.regressions for each in part.coefficients]
        assert (found.stored, found.price_run, len(shown)) == (True, "p1", 7)
        for each in shown:
            row = stored[each.factor]
            assert (each.beta, each.raw_beta) == (row["beta"], row["raw_beta"])
            assert (each.raw_error, each.capped) == (row["standard_error"], row["capped"])
            assert each.estimate.coefficient == pytest.approx(row["raw_beta"], rel=1e-10, abs=1e-12)
            assert each.estimate.standard_error == pytest.approx(row["standard_error"], rel=1e-10)
        assert found.largest_difference is not None
        assert found.largest_difference < 1e-11
        for part in found.regressions:
            row = stored[part.factors[0]]
            assert (part.observations, part.quality) == (row["observations"], row["quality"])
            assert (part.r_squared, part.condition_number) == (
                row["r_squared"],
                row["condition_number"],
            )


async def test_a_symbol_that_no_portfolio_holds_gets_what_a_run_would_store(
    admin: Database, role: Role
) -> None:
    await save_market(admin, "AAPL")

    found = await regressed(role, "AAPL", "market_relative")

    assert (found.stored, found.price_run) == (False, None)
    assert found.regressions[0].coefficients[0].beta == pytest.approx(1.0768, abs=1e-4)
    assert await rows_of(role, published.symbol_factor_betas) == []


async def test_too_few_returns_have_the_stored_reason(admin: Database, role: Role) -> None:
    await save_market(admin, "AAPL", sessions=SESSIONS[-40:])

    found = await regressed(role, "AAPL", "joint")

    (part,) = found.regressions
    assert part.reason == "39 returns in the window; 60 are needed"
    assert {each.beta for each in part.coefficients} == {None}


async def test_an_unknown_symbol_has_no_returns(admin: Database, role: Role) -> None:
    await save_market(admin)

    found = await regressed(role, "NEWCO", "market_relative")

    assert found.regressions[0].reason == "0 returns in the window; 60 are needed"

"""What is estimated of a symbol is the same to the last bit, whichever symbols are beside it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.factors.calculations.betas import model_betas
from services.factors.calculations.rates import rate_sensitivities
from services.factors.calculations.regression import BLOCK
from shared.arrays import FloatArray
from shared.quant.columnwise import WIDTH
from shared.quant.returns import simple_returns
from tests import panel

random = np.random.default_rng(17)
SYMBOLS = 2 * BLOCK + 1
PROXIES = simple_returns(panel.closes(*panel.PROXIES, last=253))
YIELD_CHANGES = {"10y": random.normal(0.0, 0.001, len(PROXIES))}


def made_up_returns() -> FloatArray:
    """Of symbols that follow the factors, one in three with days missing, one in seven exactly."""
    days, factors = PROXIES.shape
    returns = PROXIES @ random.normal(0.0, 1.0, (factors, SYMBOLS))
    returns += random.normal(0.0, 0.02, (days, SYMBOLS))
    for symbol in range(0, SYMBOLS, 3):
        returns[random.integers(0, days, random.integers(1, 150)), symbol] = np.nan
    returns[:, ::7] = PROXIES @ random.normal(0.0, 1.0, (factors, len(returns[0, ::7])))
    return returns


RETURNS = made_up_returns()


def estimates_of(symbols: list[int]) -> list[FloatArray]:
    """Everything that is stored as a number, symbol by symbol in the first axis."""
    returns = RETURNS[:, symbols]
    found = []
    for model in model_betas(returns, PROXIES, panel.FACTORS):
        for _, betas in model.parts:
            fit = betas.fit
            found += [betas.betas, betas.raw, fit.standard_errors, fit.t_statistics]
            found += [fit.r_squared, fit.condition_number]
    for rates in rate_sensitivities(returns, PROXIES[:, 0], YIELD_CHANGES):
        found += [rates.betas, rates.standard_errors, rates.t_statistics]
    return found


ALL = estimates_of(list(range(SYMBOLS)))


def assert_as_among_all(symbols: list[int]) -> None:
    for among_all, found in zip(ALL, estimates_of(symbols), strict=True):
        np.testing.assert_array_equal(found, among_all[symbols])


@pytest.mark.parametrize("count", [1, 2, WIDTH - 1, WIDTH, WIDTH + 1, BLOCK + 1])
def test_any_number_of_symbols_leaves_each_as_it_is_among_all(count: int) -> None:
    assert_as_among_all(random.permutation(SYMBOLS)[:count].tolist())


@given(st.lists(st.integers(0, SYMBOLS - 1), min_size=1, max_size=40, unique=True))
def test_any_choice_of_symbols_leaves_each_as_it_is_among_all(symbols: list[int]) -> None:
    assert_as_among_all(symbols)

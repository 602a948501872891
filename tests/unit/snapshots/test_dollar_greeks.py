"""Greeks in dollars: by hand, by a move of the underlying, by beta, and what is missing."""

import math
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.snapshots.calculations.dollar_greeks import OptionGreeks, dollar_greeks
from services.snapshots.calculations.metrics import Metric
from services.snapshots.calculations.parametric import Exposures
from shared.quant.black_scholes import OptionColumns, option_values

# 100 shares at 50 with a beta of 1.2, and ten short calls, delta 0.6, gamma 0.03, on 200 with one
# of 0.5: dollar deltas 5,000 and -1,000 x 0.6 x 200, dollar gamma -1,000 x 0.03 x 200^2 / 100.
EXPOSURES = Exposures(np.array([5_000.0, -120_000.0]), np.array([0, 1]), np.array([5e3, 12e4]))
GREEKS = OptionGreeks(
    dollar_gamma=np.array([0.0, -12_000.0]),
    theta=np.array([0.0, 80.0]),
    vega=np.array([0.0, -250.0]),
    rho=np.array([0.0, -90.0]),
)
BETAS = np.array([1.2, 0.5])


def by_name(betas: np.ndarray = BETAS, greeks: OptionGreeks = GREEKS) -> dict[str, Metric]:
    return {each.name: each for each in dollar_greeks("portfolio", EXPOSURES, greeks, betas)}


def test_a_portfolio_by_hand() -> None:
    assert {name: metric.value for name, metric in by_name().items()} == {
        "dollar_delta": pytest.approx(-115_000),
        "dollar_gamma_1pct": pytest.approx(-12_000),
        "dollar_theta_1d": pytest.approx(80),
        "dollar_vega_1pt": pytest.approx(-250),
        "dollar_rho_1pct": pytest.approx(-90),
        "dollar_delta_beta_weighted": pytest.approx(6_000 - 60_000),
        "dollar_gamma_1pct_beta_weighted": pytest.approx(-3_000),
    }


def test_dollar_gamma_is_the_change_of_dollar_delta_per_percent_less_what_its_price_adds() -> None:
    def values(spot: float) -> tuple[float, float]:
        found = option_values(
            OptionColumns.of(
                call=[True],
                underlying_price=spot,
                strike=100.0,
                years_to_expiry=0.5,
                volatility=0.3,
                rate=0.04,
                dividend_yield=0.0,
            )
        )
        return float(found.delta[0]), float(found.gamma[0])

    delta, gamma = values(100.0)
    risen, _ = values(100.01)

    # 1 % of 100 is 1.00: the delta of a share changes by gamma, which is worth gamma x 100 dollars.
    assert (risen - delta) / 0.01 * 100.0 == pytest.approx(gamma * 100.0**2 / 100.0, rel=1e-3)


def test_an_unknown_beta_or_greek_is_left_out_and_lowers_the_coverage() -> None:
    unknown = OptionGreeks(*(np.array([0.0, math.nan]) for _ in range(4)))

    found = by_name(np.array([1.2, math.nan]), unknown)

    assert found["dollar_delta"].coverage == 1.0
    assert found["dollar_delta_beta_weighted"].value == pytest.approx(6_000)
    assert found["dollar_delta_beta_weighted"].coverage == pytest.approx(0.04)
    assert found["dollar_vega_1pt"].value == 0.0
    assert found["dollar_vega_1pt"].coverage == pytest.approx(0.04)


def test_a_book_of_stock_has_no_gamma_for_any_beta() -> None:
    stock = OptionGreeks(*(np.zeros(2) for _ in range(4)))

    found = by_name(np.array([math.nan, math.nan]), stock)

    assert found["dollar_gamma_1pct_beta_weighted"].value == 0.0
    assert found["dollar_delta_beta_weighted"].reason == "no position has the inputs"


@given(
    st.lists(
        st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda usd: round(usd, 6)),
        min_size=1,
        max_size=50,
    )
)
def test_dollar_delta_is_the_net_of_exposures_in_whole_cents(dollars: list[float]) -> None:
    held = Exposures(np.array(dollars), np.zeros(len(dollars), np.int64), np.ones(len(dollars)))
    none = OptionGreeks(*(np.zeros(len(dollars)) for _ in range(4)))

    found = {each.name: each for each in dollar_greeks("portfolio", held, none, BETAS)}

    exact = sum(Decimal(repr(usd)).quantize(Decimal("0.01"), ROUND_HALF_UP) for usd in dollars)
    assert found["dollar_delta"].rounded() == float(exact)

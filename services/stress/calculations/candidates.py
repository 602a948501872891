"""What one lot of each candidate makes of every measure, by the code that values holdings."""

from collections.abc import Mapping, Sequence

import numpy as np

from services.stress.calculations.history import historical_pnl
from services.stress.calculations.valuation import stress_test
from services.stress.inputs import (
    MARKET,
    STOCK,
    Candidate,
    Contracts,
    PricedContract,
    Scenario,
    ShardBook,
    Surroundings,
)
from shared.arrays import FloatArray
from shared.conventions import MINIMUM_OBSERVATIONS
from shared.instruments import OPTION_MULTIPLIER
from shared.quant.dividends import CashDividends

LOTS = 1_000.0  # of each are valued at once, so that whole cents do not round what one makes


def trial_book(candidates: Sequence[Candidate]) -> ShardBook:
    """A portfolio of `LOTS` shares or contracts of each candidate, in their order."""
    options = [each.option for each in candidates if each.option is not None]
    numbers = iter(range(len(options)))
    shares = LOTS * OPTION_MULTIPLIER
    return ShardBook(
        portfolios=1,
        portfolio=np.zeros(len(candidates), dtype=np.intp),
        symbols=[each.symbol for each in candidates],
        exposure=_each(
            [
                LOTS * each.price
                if each.option is None
                else shares * each.option.delta * each.option.underlying_price
                for each in candidates
            ]
        ),
        betas=np.array([each.betas for each in candidates], dtype=np.float64),
        rate_beta=_each([each.rate_beta for each in candidates]),
        gamma=shares * _of_options(candidates, "gamma"),
        underlying_price=_of_options(candidates, "underlying_price"),
        contract=np.array(
            [STOCK if each.option is None else next(numbers) for each in candidates], dtype=np.intp
        ),
        units=_each([0.0 if each.option is None else shares for each in candidates]),
        contracts=_contracts(options),
    )


def _each(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=np.float64)


def _of_options(candidates: Sequence[Candidate], name: str) -> FloatArray:
    """An entry of each option, 0 for stock."""
    return _each(
        [0.0 if each.option is None else getattr(each.option, name) for each in candidates]
    )


def _contracts(options: Sequence[PricedContract]) -> Contracts:
    slots = max((len(each.dividends) for each in options), default=0)
    paid = np.zeros((len(options), slots, 2))
    for row, each in enumerate(options):
        paid[row, : len(each.dividends)] = np.reshape(each.dividends, (-1, 2))

    def column(name: str) -> FloatArray:
        return _each([getattr(each, name) for each in options])

    return Contracts(
        symbols=np.array([each.symbol for each in options], dtype=np.str_),
        call=np.array([each.call for each in options], dtype=np.bool_),
        american=np.array([each.american for each in options], dtype=np.bool_),
        underlying_price=column("underlying_price"),
        strike=column("strike"),
        years_to_expiry=column("years_to_expiry"),
        volatility=column("volatility"),
        rate=column("rate"),
        # Cash dividends are valued in place of the yield that they are worth.
        dividend_yield=np.where(paid[:, :, 0].any(axis=1), 0.0, column("dividend_yield")),
        dividends=CashDividends.of(paid[:, :, 0], paid[:, :, 1]) if slots else None,
        quoted=column("quoted"),
    )


def lot_effects(
    candidates: Sequence[Candidate], around: Surroundings, scenarios: Sequence[Scenario]
) -> Mapping[str, FloatArray]:
    """(candidates,) what one lot adds to each measure but those of the tail: USD, NaN: not known.

    Of scenarios by both methods, correlated where a covariance is known.
    """
    book = trial_book(candidates)
    ids = around.factors.ids
    exposure = book.exposure / LOTS
    by_factor = exposure[:, None] * book.betas
    by_market = by_factor[:, ids.index(MARKET)]
    spot = book.underlying_price
    effects = {
        "dollar_delta": exposure,
        "market_exposure": by_market,
        "dollar_delta_beta_weighted": by_market,
        "dollar_gamma_1pct": book.gamma / LOTS * spot**2 / 100.0,
        "dollar_theta_1d": OPTION_MULTIPLIER * _of_options(candidates, "theta"),
        "dollar_vega_1pt": OPTION_MULTIPLIER * _of_options(candidates, "vega"),
        "dollar_rho_1pct": OPTION_MULTIPLIER * _of_options(candidates, "rho"),
        **{f"factor.{factor}": by_factor[:, place] for place, factor in enumerate(ids)},
    }
    if not scenarios:
        return effects
    test = stress_test(book, scenarios, ids, around.covariance)
    for method, impacts in test.methods.items():
        for place, scenario in enumerate(scenarios):
            name = f"scenario.{scenario.scenario_id}.{method}"
            effects[name] = impacts.positions[:, place] / LOTS
    return effects


def lot_pnl(candidates: Sequence[Candidate], around: Surroundings) -> FloatArray:
    """(candidates, days) what one lot would have made on each past day: USD, NaN where unknown.

    All NaN with fewer than 60 days, as of a position that historical figures leave out.
    """
    book = trial_book(candidates)
    pnl = historical_pnl(book, around.returns, np.arange(len(candidates))) / LOTS
    enough = np.isfinite(pnl).sum(axis=1) >= MINIMUM_OBSERVATIONS
    return np.where(enough[:, None], pnl, np.nan)

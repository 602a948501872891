"""Options on shares that pay cash dividends, and QuantLib's value of them."""

import numpy as np
import QuantLib

from shared.quant.black_scholes import OptionColumns
from shared.quant.dividends import CashDividends


def ordinary_contracts(count: int, seed: int) -> tuple[OptionColumns, CashDividends]:
    """Up to two years on shares that pay one to four dividends, of up to 2 % of the price."""
    random = np.random.default_rng(seed)
    spot = random.uniform(20.0, 400.0, count)
    days = random.integers(20, 730, count)
    contracts = OptionColumns.of(
        call=random.random(count) < 0.5,
        underlying_price=spot,
        strike=spot * np.exp(random.normal(0.0, 0.15, count)),
        years_to_expiry=days / 365.0,
        volatility=random.uniform(0.1, 0.6, count),
        rate=random.uniform(0.0, 0.08, count),
        dividend_yield=0.0,
    )
    gap = random.choice([30, 91, 182], count)[:, None]
    ex_days = random.integers(1, 90, count)[:, None] + gap * np.arange(4)
    paid = np.arange(4) < random.integers(1, 5, count)[:, None]
    amount = np.outer(spot * random.uniform(0.001, 0.02, count), np.ones(4)) * paid
    return contracts, CashDividends.of(amount, ex_days / 365.0)


def finite_differences(contracts: OptionColumns, cash: CashDividends, i: int, steps: int) -> float:
    """QuantLib's American value of contract `i` with a spot that falls by its dividends."""
    today = QuantLib.Date(28, 12, 2022)
    QuantLib.Settings.instance().evaluationDate = today
    clock = QuantLib.Actual365Fixed()
    rate, spot, strike, volatility = (
        float(getattr(contracts, name)[i])
        for name in ("rate", "underlying_price", "strike", "volatility")
    )
    process = QuantLib.BlackScholesProcess(
        QuantLib.QuoteHandle(QuantLib.SimpleQuote(spot)),
        QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, rate, clock)),
        QuantLib.BlackVolTermStructureHandle(
            QuantLib.BlackConstantVol(today, QuantLib.NullCalendar(), volatility, clock)
        ),
    )
    expiry = round(float(contracts.years_to_expiry[i]) * 365)
    days = np.rint(cash.years[i] * 365).astype(int)
    counts = (cash.amount[i] > 0.0) & (days <= expiry)
    engine = QuantLib.FdBlackScholesVanillaEngine
    kind = QuantLib.Option.Call if contracts.call[i] else QuantLib.Option.Put
    option = QuantLib.VanillaOption(
        QuantLib.PlainVanillaPayoff(kind, strike), QuantLib.AmericanExercise(today, today + expiry)
    )
    option.setPricingEngine(
        engine(
            process,
            QuantLib.DividendVector(
                [today + int(day) for day in days[counts]], cash.amount[i][counts].tolist()
            ),
            steps,
            steps,
            0,
            QuantLib.FdmSchemeDesc.Douglas(),
            False,
            -1.0,
            engine.Spot,
        )
    )
    return float(option.NPV())


def dense_grid(contracts: OptionColumns, cash: CashDividends, i: int) -> float:
    """What two grids say of one without end: their error is of second order."""
    coarse, fine = (finite_differences(contracts, cash, i, steps) for steps in (200, 400))
    return fine + (fine - coarse) / 3.0

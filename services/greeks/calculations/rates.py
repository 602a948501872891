"""The interest rate at an option's expiry."""

import numpy as np

from services.greeks.inputs import TreasuryCurve
from shared.arrays import FloatArray

COUPONS_PER_YEAR = 2.0


def continuous_rates(curve: TreasuryCurve, years: FloatArray) -> FloatArray:
    """The continuously compounded rate, a decimal per year, at each of `years`.

    Yields are interpolated linearly in maturity and held flat beyond both ends. Treasury yields are
    quoted on a bond-equivalent basis, compounded twice a year, so y percent becomes 2 ln(1 + y /
    200). The par yield is used as the zero rate: exact on a flat curve, and within a few basis
    points at the maturities options have.
    """
    interpolated = np.interp(years, curve.maturity_years, curve.yield_percent)
    return COUPONS_PER_YEAR * np.log1p(interpolated / 100.0 / COUPONS_PER_YEAR)

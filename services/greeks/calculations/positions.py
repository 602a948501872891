"""Position Greeks: the contract's Greeks times what is held."""

from shared.quant.black_scholes import FloatArray


def position_greeks(
    unit_greeks: FloatArray, quantity: FloatArray, multiplier: FloatArray
) -> FloatArray:
    """Unit Greek x signed quantity x multiplier, in the unit Greek's own unit; NaN stays NaN.

    `unit_greeks` is positions x Greeks (per share of contract), `quantity` and `multiplier` one per
    position.
    """
    return unit_greeks * (quantity * multiplier)[:, None]

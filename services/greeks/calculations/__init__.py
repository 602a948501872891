"""The mathematics of greeks: volatility, rates, engines, contracts, positions."""

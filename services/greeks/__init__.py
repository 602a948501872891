"""greeks: what every option held is worth, and how that value moves.

hears    prices.updated
computes one Black-Scholes-Merton valuation per distinct contract and session, in one vectorised call, from
         the underlying's close, its realised volatility, the Treasury curve and the dividend yield; and the
         position Greeks, which are those times quantity and multiplier. Equity and ETF options are valued as
         European ones, and the row's `model` says so
owns     contract_greeks, position_greeks
tells    greeks.computed
"""

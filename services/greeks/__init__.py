"""greeks: what every option held is worth, and how that value moves.

hears    prices.updated
answers  ask.greeks.price_options: the same for options that perhaps nobody holds
computes one valuation per distinct contract and session, all contracts of a model in one vectorised call: American
         exercise for equities and ETFs, Black-Scholes-Merton for index options; from the underlying's close, the
         volatility implied by the contract's own mid quote (else the underlying's realised one), the Treasury
         curve and the dividend yield; and the position Greeks, which are those times quantity and multiplier
owns     contract_greeks, position_greeks
tells    greeks.computed
"""

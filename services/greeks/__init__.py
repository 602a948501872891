"""greeks: values every option held and measures how its value moves.

subscribes to  prices.updated
answers        price_options, fit_smiles
computes       one valuation per contract and session, vectorised by model: American exercise for
               equities and ETFs, Black-Scholes-Merton for index options; from the underlying's
               close, the volatility implied by the contract's mid quote (else the underlying's
               realised volatility), the Treasury curve and the dividends projected from
               corporate actions, else the dividend yield; the Greeks of positions; on request,
               the same for any options, and smiles of quotes
owns           contract_greeks, position_greeks, calculations
publishes      greeks.computed, greeks.failed
"""

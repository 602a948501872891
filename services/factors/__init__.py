"""factors: how much of each book moves with the market, with six styles and with the 10-year yield.

hears    greeks.computed, its own factors.computed (weekly correlations), correlations.requested
computes market-relative betas (joint, shrunk by their estimation error) and rate sensitivities, once per
         symbol and version of the market data; the exponentially weighted factor covariance, once per
         session; exposure times beta of every position and its sum by portfolio; the correlations of the
         underlyings of each portfolio, their clusters and effective number
owns     factor_definitions, symbol_factor_betas, rate_sensitivities, factor_covariances,
         position_factor_exposures, factor_exposures, correlation_calculations, correlation_pairs,
         correlation_clusters, correlation_cluster_members
tells    factors.computed, correlations.computed
"""

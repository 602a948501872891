"""factors: how much of each book moves with the market, with six styles and with four Treasury yields.

hears    greeks.computed, its own factors.computed (weekly correlations), correlations.requested
computes betas in three models (market_relative, shrunk by their estimation error; joint; univariate) and
         rate sensitivities to four maturities, once per symbol and version of the market data; factor
         returns and the exponentially weighted factor covariance, as measured and shrunk, once per session;
         exposure times beta of every position (market_relative) and its sum by portfolio (every model); the
         correlations of the underlyings of each portfolio, their clusters and effective number
owns     factor_definitions, factor_returns, symbol_factor_betas, rate_sensitivities, factor_covariances,
         position_factor_exposures, factor_exposures, correlation_calculations, correlation_pairs,
         correlation_clusters, correlation_cluster_members
tells    factors.computed, correlations.computed
"""

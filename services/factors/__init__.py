"""factors: measures each portfolio's exposure to the market, to styles and to yields.

subscribes to  greeks.computed, factors.computed, correlations.requested
answers        correlate_factors, regress_symbol, estimate_betas
computes       betas in three models (market_relative, shrunk by their estimation error; joint;
               univariate) and rate sensitivities to four maturities, once per symbol and version
               of the market data; factor returns and the exponentially weighted factor covariance,
               as measured and shrunk, once per session; exposure times beta of every position
               (market_relative) and its sum by portfolio (every model); once a week, the
               correlations of each portfolio's underlyings, their clusters and their effective
               number; on request the regressions behind a symbol's betas in full
owns           factor_definitions, symbol_factor_betas, rate_sensitivities, factor_returns,
               factor_covariances, position_factor_exposures, factor_exposures,
               correlation_calculations, correlation_pairs, correlation_clusters,
               correlation_cluster_members, calculations
publishes      factors.computed, correlations.computed, factors.failed
"""

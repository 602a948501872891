"""stress: what portfolios would lose or gain in past crises and in hypothetical markets.

subscribes to  factors.computed
answers        save_scenario, delete_scenario, what_if, grid, curve, suggest_trades
computes       eighteen scenarios and users' custom ones, directly and with correlated factors,
               with options repriced in full; what today's holdings would have made on each of the
               last 252 days; market moves of 5, 10, 20 % and rate moves of 100, 200 bp; on
               request, grids of spot x volatility x days, curves of P&L and Greeks, and the
               trades with the fewest dollars that bring measures to targets
owns           stress_scenarios, custom_scenarios, stress_results, market_risk_scenarios,
               position_pnl, pnl_axes, past_returns, calculations
publishes      stress.computed, stress.failed
"""

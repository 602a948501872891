"""stress: what the books would lose or gain if the market did what it did before, or might do.

hears    factors.computed; asked to save and delete users' scenarios and to evaluate what-ifs
computes eighteen scenarios (and custom ones) directly and with correlated factors, options repriced in full;
         what today's holdings would have made on each of the last 252 days;
         market moves of 5, 10, 20 % and rate moves of 100, 200 bp
owns     stress_scenarios, custom_scenarios, stress_results, position_pnl, pnl_axes, market_risk_scenarios
tells    stress.computed
"""

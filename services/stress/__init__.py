"""stress: what the books would lose or gain if the market did what it did before, or might do.

hears    factors.computed
computes eighteen scenarios (and custom ones) directly and with correlated factors, options by delta-gamma;
         market moves of 5, 10, 20 % and rate moves of 100, 200 bp
owns     stress_scenarios, stress_results, market_risk_scenarios
tells    stress.computed
"""

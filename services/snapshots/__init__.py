"""snapshots: what every portfolio is worth at the end of a session, what it is exposed to and what it earned.

hears    factors.computed, stress.computed
computes valuations of positions, three exposure measures, daily P&L, portfolio Greeks, coverage and warnings;
         NAV, cash, cumulative P&L and return are derived by the view it publishes; VaR and expected shortfall with
         the positions' parts, realised metrics, concentration, P&L by factor
owns     portfolio_snapshots, position_valuations, risk_metrics, component_var, pnl_attributions
tells    snapshots.created, risk.measured
"""

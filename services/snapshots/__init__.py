"""snapshots: what every portfolio is worth at the end of a session, what it is exposed to and what it earned.

hears    factors.computed, stress.computed
computes valuations of positions, three exposure measures, daily P&L, portfolio Greeks, coverage and warnings;
         NAV, cash, cumulative P&L and return are derived by the view it publishes; realised metrics, beta,
         concentration and P&L by factor; from the stored P&L vectors VaR and expected shortfall by position
owns     portfolio_snapshots, position_valuations, risk_metrics, component_var, pnl_attributions
tells    snapshots.created, risk.measured
"""

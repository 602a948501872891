"""snapshots: what every portfolio is worth at the end of a session, what it is exposed to and what it earned.

hears    factors.computed
computes valuations of positions, three exposure measures, daily P&L, portfolio Greeks, coverage and warnings;
         NAV, cash, cumulative P&L and return are derived by the view it publishes
owns     portfolio_snapshots, position_valuations
tells    snapshots.created
"""

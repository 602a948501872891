"""snapshots: values every portfolio at the end of a session, with its exposure, P&L and risk.

subscribes to  factors.computed, snapshots.requested, stress.computed, risk.requested
answers        nothing
computes       valuations of positions, three exposure measures, daily P&L, portfolio Greeks,
               coverage and warnings; the published view derives NAV, cash, cumulative P&L and
               return; realised metrics, beta, concentration and P&L by factor; VaR and expected
               shortfall by position, from the stored P&L vectors; Greeks in dollars
owns           position_valuations, portfolio_snapshots, risk_metrics, component_var,
               pnl_attributions, calculations
publishes      snapshots.created, risk.measured, snapshots.failed
"""

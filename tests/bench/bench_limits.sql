-- 20 users with 50 portfolios each: a year of snapshots, 20 positions with everything on the last session.
-- Statements end with a semicolon at the end of a line.

insert into gateway.users (user_id, email, password_hash)
select md5('user ' || u)::uuid, u || '@example.com', '-' from generate_series(1, 20) as u;

insert into gateway.portfolios (portfolio_id, user_id, name)
select md5('portfolio ' || n)::uuid, md5('user ' || (1 + n % 20))::uuid, 'Book ' || n from generate_series(1, 1000) as n;

insert into snapshots.portfolio_snapshots (portfolio_id, as_of, previous_session, market_value, daily_pnl, closed_pnl,
    net_flow, unrealised_pnl, exposures, counts, price_coverage, greeks_coverage, warnings)
select md5('portfolio ' || n)::uuid, day, lag(day) over (partition by n order by day), 1000000,
       case when day > cast(:first as date) then n end, 0, 0, 0,
       '{"dollar": {"long": 900000, "short": -300000, "gross": 1200000, "net": 600000},
         "notional": {"long": 900000, "short": -300000, "gross": 1200000, "net": 600000},
         "delta_adjusted": {"long": 900000, "short": -300000, "gross": 1200000, "net": 600000}}'::jsonb,
       '{}'::jsonb, 1, 1, '[]'::jsonb
from generate_series(1, 1000) as n, unnest(cast(:days as date[])) as day;

insert into snapshots.position_valuations (position_id, as_of, portfolio_id, symbol, underlying, position_type, sector,
    quantity, stale, market_value, cost, unrealised_pnl, daily_pnl, notional_exposure, delta_adjusted_exposure)
select md5('position ' || n || ' ' || p)::uuid, cast(:last as date), md5('portfolio ' || n)::uuid, 'S' || p, 'S' || p, 'LONG',
       'Sector ' || p % 6, 100, false, value, value, 0, p, value, value
from generate_series(1, 1000) as n, generate_series(1, 20) as p,
     lateral (select (case when p % 4 = 0 then -1 else 1 end) * (50000 + (n * 7919 + p * 104729) % 40000) as value) as v;

insert into snapshots.risk_metrics (portfolio_id, as_of, metric, view, value, unit)
select md5('portfolio ' || n)::uuid, cast(:last as date), metric, 'portfolio', value, 'USD'
from generate_series(1, 1000) as n, (values ('var_99_1d_historical', 15000), ('dollar_delta', 600000),
    ('dollar_vega_1pt', 3000), ('beta', 1), ('hhi', 0.1), ('volatility_63d', 0.2), ('sharpe_252d', 1),
    ('es_99_1d_historical', 20000)) as m (metric, value);

insert into snapshots.component_var (position_id, as_of, portfolio_id, symbol, var_95, es_95, var_99, es_99)
select position_id, as_of, portfolio_id, symbol, 500, 700, 800, 900 from snapshots.position_valuations;

insert into stress.stress_results (portfolio_id, as_of, scenario_id, method, total_pnl, factor_impacts,
    effective_shocks, option_valuation, warnings)
select md5('portfolio ' || n)::uuid, cast(:last as date), 'scenario_' || s, method, -1000 * s - n % 50, '{}', '{}', 'full', '[]'
from generate_series(1, 1000) as n, generate_series(1, 18) as s, unnest(array['direct', 'correlated']) as method;

insert into factors.factor_exposures (portfolio_id, as_of, model, factor, dollar_exposure, gross_exposure, positions,
    positions_left_out)
select md5('portfolio ' || n)::uuid, cast(:last as date), 'market_relative', factor, 600000, 1200000, 20, 0
from generate_series(1, 1000) as n, unnest(array['market', 'value', 'growth', 'size']) as factor;

insert into limits.limits (limit_id, user_id, name, measure, measure_unit, per, unit, direction, terms, owner, note)
select md5('limit ' || u || ' ' || measure || per)::uuid, md5('user ' || u)::uuid, measure, measure, 'USD', per, unit,
       direction, jsonb_build_array(jsonb_build_object('since', cast(:first as date), 'warning', null, 'breach', breach,
                                                       'hysteresis', 0, 'sessions', 1)), '', ''
from generate_series(1, 20) as u, (values
    ('market_value', 'underlying', 'share_of_nav', 'outside', 0.087), ('exposure.dollar.gross', 'sector', 'share_of_nav', 'above', 0.4),
    ('component_var_99', 'position', 'own', 'above', 5000), ('exposure.delta_adjusted.gross', 'portfolio', 'share_of_nav', 'above', 2),
    ('var_99_1d_historical', 'portfolio', 'share_of_nav', 'above', 0.02), ('worst_scenario', 'portfolio', 'share_of_nav', 'below', -0.15),
    ('dollar_delta', 'portfolio', 'share_of_nav', 'outside', 1), ('dollar_vega_1pt', 'portfolio', 'share_of_nav', 'outside', 0.005),
    ('factor.market', 'portfolio', 'own', 'outside', 1000000), ('nav', 'portfolio', 'own', 'below', 500000)
    ) as l (measure, per, unit, direction, breach);

insert into limits.limit_states (limit_id, portfolio_id, as_of, value, breach, state, level, over_warning, over_breach,
    announced, acknowledged)
select limit_id, portfolios.portfolio_id, day, 1, 2, 'ok', 'ok', 0, 0, false, false
from limits.limits join gateway.portfolios using (user_id), unnest(cast(:before as date[])) as day;

analyze;

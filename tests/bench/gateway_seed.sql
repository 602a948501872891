-- What the gateway's benchmark reads: rows of every service for many books, written set by set.
-- Statements end with a semicolon at the end of a line; names after a colon are bound (see gateway_seed.py).

create temporary table book on commit drop as
select n, md5('portfolio ' || n)::uuid as portfolio_id, md5('user ' || n % :users)::uuid as user_id
from generate_series(1, :portfolios) as n;

create temporary table session_day on commit drop as
select day, row_number() over (order by day) as nth from (
    select day::date
    from generate_series(cast(:as_of as date) - 2 * :sessions, cast(:as_of as date), interval '1 day') as day
    where extract(isodow from day) < 6 order by day desc limit :sessions
) as days;

create temporary table held on commit drop as
select md5('position ' || n || ' ' || k)::uuid as position_id, portfolio_id, k, k > :stocks as option,
       'S' || lpad((k % :stocks + n % 5 * :stocks)::text, 3, '0') as underlying,
       'S' || lpad((k % :stocks + n % 5 * :stocks)::text, 3, '0') || case when k > :stocks
           then '230616C00' || lpad((100 + k % 20)::text, 3, '0') || '000' else '' end as symbol,
       case when k % 4 = 0 then -1 else 1 end * (10 + k) as quantity,
       case when k > :stocks then 100 else 1 end as multiplier,
       20 + k + n % 7 * 0.37 as price
from book, generate_series(1, :positions) as k;

create index on held (position_id);

analyze held, book, session_day;

insert into gateway.users (user_id, email, password_hash)
select md5('user ' || n)::uuid, 'reader' || n || '@example.com', :password_hash
from generate_series(0, :users - 1) as n;

insert into gateway.portfolios (portfolio_id, user_id, name, equity_balance)
select portfolio_id, user_id, 'Book ' || n, 1000000 from book;

insert into gateway.portfolio_revisions (portfolio_id, revision) select portfolio_id, 1 from book;

insert into gateway.positions (position_id, portfolio_id, symbol, instrument, underlying, option_type, strike, expiry,
                               multiplier, quantity, entry_price, entry_date, stated_on)
select position_id, portfolio_id, symbol, case when option then 'option' else 'stock' end, underlying,
       case when option then 'C' end, case when option then 100 + k % 20 end,
       case when option then date '2023-06-16' end, multiplier, quantity, price * 0.9, date '2022-06-01',
       date '2022-06-01'
from held;

insert into gateway.tags (tag_id, user_id, name)
select md5('tag ' || n || word)::uuid, md5('user ' || n)::uuid, word
from generate_series(0, :users - 1) as n, unnest(array['core', 'income', 'hedge']) as word;

insert into gateway.position_tags (position_id, tag_id)
select position_id, tag_id from held join book using (portfolio_id)
join gateway.tags using (user_id) where name = 'core' or k % 3 = 0;

insert into snapshots.position_valuations (position_id, as_of, portfolio_id, symbol, underlying, position_type,
    sector, quantity, price, price_date, price_source, stale, underlying_price, underlying_price_date, market_value,
    cost, unrealised_pnl, daily_pnl, notional_exposure, delta, delta_adjusted_exposure)
select position_id, day, portfolio_id, symbol, underlying,
       case when option then case when quantity > 0 then 'LC' else 'SC' end
            when quantity > 0 then 'LONG' else 'SHORT' end,
       'Technology', quantity, price + nth * 0.01, day, 'close', false, price, day,
       quantity * multiplier * (price + nth * 0.01), quantity * multiplier * price * 0.9,
       quantity * multiplier * price * 0.1, quantity * multiplier * 0.01,
       quantity * multiplier * (price + nth * 0.01), case when option then 0.5 else 1 end,
       quantity * multiplier * price * case when option then 0.5 else 1 end
from held, session_day order by nth, portfolio_id;

insert into snapshots.portfolio_snapshots (portfolio_id, as_of, previous_session, market_value, daily_pnl, closed_pnl,
    net_flow, unrealised_pnl, exposures, delta, gamma, theta, vega, rho, counts, price_coverage, greeks_coverage,
    warnings)
select portfolio_id, day, lag(day) over (partition by portfolio_id order by day), 900000 + n * 10 + nth * 100,
       case when nth > 1 then 100 + n end, 0, 0, 5000,
       jsonb_build_object('dollar', side, 'notional', side, 'delta_adjusted', side),
       5210.5, 12.25, -310.75, 1820.5, 905.125, '{"LONG": 60, "SHORT": 20, "LC": 15, "SC": 5}', 1, 1,
       '[{"code": "stale_price", "message": "the last known price was carried forward", "count": 1, "about": ["S001"]}]'
from book, session_day, (select '{"long": 912000.5, "short": -301500.25, "gross": 1213500.75, "net": 610500.25}'::jsonb
                         as side) as sides
order by nth, portfolio_id;

insert into greeks.contract_greeks (contract, as_of, price_run, underlying, option_type, strike, expiry,
    underlying_price, underlying_price_date, years_to_expiry, volatility, iv_source, rate, rate_source, dividend_yield,
    dividend_source, model, price, delta, gamma, theta, vega, rho)
select distinct on (symbol) symbol, cast(:as_of as date), '1', underlying, 'C', 100 + k % 20, date '2023-06-16', price,
       cast(:as_of as date), 0.46, 0.3, 'realised_120d', 0.045, 'treasury_curve', 0.01, 'securities', 'american', 9.87654321,
       0.512345678, 0.015123456, -0.0212345, 0.2512345, 0.1012345
from held where option;

insert into greeks.position_greeks (position_id, as_of, portfolio_id, contract, underlying, quantity, multiplier, delta,
    gamma, theta, vega, rho)
select position_id, cast(:as_of as date), portfolio_id, symbol, underlying, quantity, multiplier,
       quantity * 51.2345678, quantity * 1.5123456, quantity * -2.12345, quantity * 25.12345, quantity * 10.12345
from held where option;

insert into factors.symbol_factor_betas (symbol, as_of, model, factor, price_run, beta, raw_beta, standard_error,
    t_statistic, capped, r_squared, observations, condition_number, quality)
select underlying, cast(:as_of as date), model, factor, '1', 0.9 + random() * 0.2, 0.9 + random() * 0.4, 0.2123,
       5.1234, false, 0.61234, 252, 16.1234, 'full_history'
from (select distinct underlying from held) as known, factors.factor_definitions,
     unnest(array['market_relative', 'joint', 'univariate']) as model where active;

insert into factors.rate_sensitivities (symbol, as_of, maturity, price_run, beta, standard_error, t_statistic, lags,
    observations, quality)
select underlying, cast(:as_of as date), maturity, '1', random() * -4, 1.2345, -2.3456, 4, 252, 'full_history'
from (select distinct underlying from held) as known, unnest(array['3M', '2Y', '10Y', '30Y']) as maturity;

insert into factors.position_factor_exposures (position_id, as_of, portfolio_id, symbol, underlying, exposure,
    factors, betas, factor_exposures, quality)
select position_id, cast(:as_of as date), portfolio_id, symbol, underlying, quantity * multiplier * price,
       array_agg(factor order by display_order), array_agg(1.01234),
       array_agg(quantity * multiplier * price * 1.01234), 'full_history'
from held, factors.factor_definitions where active
group by position_id, portfolio_id, symbol, underlying, quantity, multiplier, price;

insert into factors.factor_exposures (portfolio_id, as_of, model, factor, dollar_exposure, gross_exposure, coverage,
    positions, positions_left_out)
select portfolio_id, cast(:as_of as date), model, factor, 123456.789, 1213500.75, 1, :positions, 0
from book, factors.factor_definitions, unnest(array['market_relative', 'joint', 'univariate']) as model where active;

insert into snapshots.risk_metrics (portfolio_id, as_of, metric, view, value, unit, observations, coverage)
    select portfolio_id, cast(:as_of as date), metric, view, 18250.123456 + n, unit, 252, 1
    from book, (
    select name || tail as metric, 'USD' as unit, view
    from unnest(array['var_95_1d_historical', 'es_95_1d_historical', 'var_99_1d_historical',
                      'es_99_1d_historical']) as name,
         unnest(array['', '_rescaled', '_parametric']) as tail,
         unnest(array['portfolio', 'longs', 'shorts']) as view
    union all
    select name, 'ratio', view from unnest(array['market_exposure', 'beta', 'hhi', 'top_3_weight', 'top_10_weight'])
        as name, unnest(array['portfolio', 'longs', 'shorts']) as view
    union all
    select name, 'decimal', 'portfolio' from unnest(array['volatility_21d', 'volatility_63d', 'volatility_252d',
        'sharpe_252d', 'sortino_252d', 'max_drawdown', 'beta_realised_252d', 'correlation_spy', 'performance_1d',
        'performance_1w', 'performance_1m', 'performance_3m', 'performance_ytd', 'performance_1y']) as name
) as metrics;

insert into snapshots.component_var (position_id, as_of, portfolio_id, symbol, var_95, es_95, var_99, es_99)
select position_id, cast(:as_of as date), portfolio_id, symbol, k * 1.2345, k * 1.5432, k * 1.9876, k * 2.3456 from held;

insert into snapshots.pnl_attributions (portfolio_id, as_of, factor, previous_session, pnl, exposure, factor_return)
select portfolio_id, cast(:as_of as date), factor, cast(:as_of as date) - 1, 12.345678, 123456.789, 0.0001
from book, (select factor from factors.factor_definitions where active union all select 'specific') as factors;

insert into stress.stress_scenarios (scenario_id, name, description, category, severity, shocks, basis, display_order,
    active, origin)
select 'scenario_' || s, 'Scenario ' || s, 'Invented', (array['market', 'rates', 'rotation', 'historical'])[1 + s % 4],
       (array['mild', 'moderate', 'severe'])[1 + s % 3], '{"Market": -0.2, "Value": -0.1}', 'relative', s, true, 'file'
from generate_series(1, 18) as s;

insert into stress.stress_results (portfolio_id, as_of, scenario_id, method, total_pnl, factor_impacts, nonlinear,
    correlation_effect, effective_shocks, option_valuation, coverage, warnings, delta_gamma_pnl)
select portfolio_id, cast(:as_of as date), 'scenario_' || s, method, -1000.123456 * s,
       '{"Market": -812.5, "Value": -90.25, "Growth": 3.5, "Momentum": 4.5, "Quality": 1.5, "Size": 2.5, "Low Volatility": 1.25}',
       -12.345678, case method when 'correlated' then 3.141592 end,
       '{"Market": -0.2, "Value": -0.1, "Growth": 0.01, "Momentum": 0.02, "Quality": 0.03, "Size": 0.01, "Low Volatility": 0.04}',
       'full', 1, '[]', -990.123456 * s
from book, generate_series(1, 18) as s, unnest(array['direct', 'correlated']) as method;

insert into stress.market_risk_scenarios (portfolio_id, as_of, kind, shock, exposure, pnl, coverage)
select portfolio_id, cast(:as_of as date), case when abs(shock) > 0.025 then 'market' else 'rates' end, shock,
       123456.789, 123456.789 * shock, 1
from book, unnest(array[-0.2, -0.1, -0.05, 0.05, 0.1, 0.2, -0.02, -0.01, 0.01, 0.02]) as shock;

insert into gateway.batch_runs (run_id, as_of, trigger, status, started_at, finished_at)
values (md5('run')::uuid, :as_of, 'clock', 'completed', timestamptz '2022-12-28 21:00Z', timestamptz '2022-12-28 21:01Z');

insert into gateway.batch_items (run_id, stage, shard, shards, status, occurred_at, elapsed_seconds, portfolio_ids)
select md5('run')::uuid, stage, shard, 2, 'ok', timestamptz '2022-12-28 21:00Z' + place * interval '1 second', 0.5,
       (select array_agg(portfolio_id) from book where n % 2 = shard)
from generate_series(0, 1) as shard,
     unnest(array['prices', 'greeks', 'factors', 'snapshots', 'stress', 'risk']) with ordinality as stages (stage, place);

analyze;

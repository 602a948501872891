-- What the benchmark of series reads beyond gateway_seed.sql: measures of every session, parts of two, 90 more books.
-- Statements end with a semicolon at the end of a line.

create temporary table seen_day on commit drop as
select as_of as day, row_number() over (order by as_of desc) as age
from (select distinct as_of from snapshots.portfolio_snapshots) as days;

insert into snapshots.risk_metrics
select (jsonb_populate_record(null::snapshots.risk_metrics, to_jsonb(stored) || jsonb_build_object('as_of', day))).*
from snapshots.risk_metrics as stored, seen_day where age > 1;

insert into factors.factor_exposures
select (jsonb_populate_record(null::factors.factor_exposures, to_jsonb(stored) || jsonb_build_object('as_of', day))).*
from factors.factor_exposures as stored, seen_day where age > 1;

insert into stress.stress_results
select (jsonb_populate_record(null::stress.stress_results, to_jsonb(stored) || jsonb_build_object('as_of', day))).*
from stress.stress_results as stored, seen_day where age > 1;

insert into snapshots.pnl_attributions
select (jsonb_populate_record(null::snapshots.pnl_attributions, to_jsonb(stored) || jsonb_build_object('as_of', day))).*
from snapshots.pnl_attributions as stored, seen_day where age > 1;

insert into snapshots.component_var
select (jsonb_populate_record(null::snapshots.component_var, to_jsonb(stored) || jsonb_build_object('as_of', day))).*
from snapshots.component_var as stored, seen_day where age in (2, 126);

insert into factors.position_factor_exposures
select (jsonb_populate_record(null::factors.position_factor_exposures,
                              to_jsonb(stored) || jsonb_build_object('as_of', day))).*
from factors.position_factor_exposures as stored, seen_day where age in (2, 126);

insert into greeks.position_greeks
select (jsonb_populate_record(null::greeks.position_greeks, to_jsonb(stored) || jsonb_build_object('as_of', day))).*
from greeks.position_greeks as stored, seen_day where age in (2, 126);

insert into stress.pnl_axes (portfolio_id, as_of, session_dates, scenario_ids, methods)
select portfolio_id, day, (select array_agg(each.day order by each.day) from seen_day as each),
       array_agg('scenario_' || s), array_agg(method)
from gateway.portfolios, seen_day, generate_series(1, 18) as s, unnest(array['direct', 'correlated']) as method
where age in (1, 2, 126) group by portfolio_id, day;

insert into stress.position_pnl (position_id, as_of, portfolio_id, symbol, historical_pnl, scenario_pnl)
select position_id, day, portfolio_id, symbol, (select array_agg(age * 1.25) from seen_day),
       (select array_agg(age + s * 10.5) from generate_series(1, 36) as s)
from gateway.positions, seen_day where age in (1, 2, 126);

insert into gateway.portfolios (portfolio_id, user_id, name)
select md5('more ' || n)::uuid, (select user_id from gateway.users), 'More ' || n from generate_series(11, 100) as n;

insert into gateway.portfolio_revisions (portfolio_id, revision)
select portfolio_id, 1 from gateway.portfolios where name like 'More %';

insert into snapshots.portfolio_snapshots
select (jsonb_populate_record(null::snapshots.portfolio_snapshots,
                              to_jsonb(stored) || jsonb_build_object('portfolio_id', md5('more ' || n)::uuid))).*
from snapshots.portfolio_snapshots as stored, generate_series(11, 100) as n
where portfolio_id = md5('portfolio 1')::uuid;

insert into snapshots.risk_metrics
select (jsonb_populate_record(null::snapshots.risk_metrics,
                              to_jsonb(stored) || jsonb_build_object('portfolio_id', md5('more ' || n)::uuid))).*
from snapshots.risk_metrics as stored, generate_series(11, 100) as n
where portfolio_id = md5('portfolio 1')::uuid and as_of = (select max(day) from seen_day);

insert into stress.stress_results
select (jsonb_populate_record(null::stress.stress_results,
                              to_jsonb(stored) || jsonb_build_object('portfolio_id', md5('more ' || n)::uuid))).*
from stress.stress_results as stored, generate_series(11, 100) as n
where portfolio_id = md5('portfolio 1')::uuid and as_of = (select max(day) from seen_day);

update gateway.batch_items set portfolio_ids = (select array_agg(portfolio_id) from gateway.portfolios);

analyze;

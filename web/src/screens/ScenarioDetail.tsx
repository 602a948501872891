import type { ScenarioOut, StressOutcome } from "../api/types";
import { fixed, money, number, percent, shock, tone } from "../format";
import { DataTable } from "../parts/DataTable";
import { Panel } from "../parts/Panel";
import { Part } from "../parts/Part";
import { Symbol } from "../parts/Symbol";
import { go, useAddress } from "../state/address";
import { factorName, useBook } from "../state/book";

const SHOWN = 30;
const BASIS_POINT = 10_000;
const RATE = "interest_rate";
const VOLATILITY = "volatility";

interface Props {
  outcome: StressOutcome;
  terms: ScenarioOut | undefined;
  loading: boolean;
}

/** One scenario by its parts: given and measured, direct and correlated, by factor and by position. */
export function ScenarioDetail({ outcome, terms, loading }: Props) {
  return (
    <>
      <Panel title={outcome.name} wide note={terms?.description ?? undefined}>
        <Summary outcome={outcome} terms={terms} />
        <ByFactor outcome={outcome} terms={terms} />
      </Panel>
      <ByPosition outcome={outcome} loading={loading} />
    </>
  );
}

function Summary({ outcome, terms }: { outcome: StressOutcome; terms: ScenarioOut | undefined }) {
  const { correlated, direct } = outcome;
  const main = correlated ?? direct;
  const amount = (measure: string, value: number | null | undefined) => (
    <Part measure={measure} about={outcome.name} amount={money(value, { plus: true })} tone={tone(value)}>
      {money(value, { plus: true, whole: true })}
    </Part>
  );
  const plausibility = (
    <>
      <Part measure="plausibility" about={outcome.name} amount={number(main?.plausibility, 1)} /> yearly standard deviations
    </>
  );
  const coverage = <Part measure="coverage" about={outcome.name} amount={percent(main?.coverage)} />;
  const facts: Array<[string, preact.ComponentChildren]> = [
    [correlated ? "Headline: others follow" : "Others follow", amount("total_pnl", correlated?.total_pnl)],
    [correlated ? "Only these move" : "Headline: only these move", amount("total_pnl", direct?.total_pnl)],
    ["What following adds", amount("correlation_effect", correlated?.correlation_effect)],
    ["Volatility's part", amount("volatility_pnl", main?.volatility_pnl)],
    ["Beyond delta", amount("nonlinear", main?.nonlinear)],
    ["By delta and gamma instead", amount("delta_gamma_pnl", main?.delta_gamma_pnl)],
    ["Plausibility", main?.plausibility ? plausibility : "not known"],
    ["Coverage", coverage],
  ];
  if (main?.stated) facts.splice(2, 0, ["By the given shocks", amount("stated", main.stated.total_pnl)]);
  if (terms?.window_start) facts.push(["Measured", `${terms.window_start} to ${terms.window_end}`]);
  return (
    <>
      <dl class="facts line">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {main?.loss_exceeds_nav && <p role="alert">The loss is larger than the NAV; it is not cut off there.</p>}
      {(main?.left_out ?? []).length > 0 && (
        <p class="note">
          Without {main?.left_out?.map((each) => `${each.symbol} (${each.reason})`).join("; ")}
        </p>
      )}
    </>
  );
}

/** A move as people say it: yields in basis points, everything else in percent. */
function move(factor: string, value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return factor === RATE ? `${fixed(value * BASIS_POINT, 0, true)} bp` : shock(value);
}

function ByFactor({ outcome, terms }: { outcome: StressOutcome; terms: ScenarioOut | undefined }) {
  const { correlated, direct } = outcome;
  const main = correlated ?? direct;
  const stated = main?.stated ?? null;
  const given: Record<string, number | null> = {
    ...outcome.shocks,
    [RATE]: outcome.rate_shock,
    [VOLATILITY]: outcome.volatility_shock,
  };
  const measured: Record<string, number | null> = {
    ...terms?.measured_shocks,
    [RATE]: terms?.measured_rate_change ?? null,
  };
  const impacts = [direct, correlated].map((each) => ({
    ...each?.factor_impacts,
    nonlinear: each?.nonlinear ?? 0,
  })) as Array<Record<string, number>>;
  const names = new Set([...Object.keys(given).filter((name) => given[name]), ...impacts.flatMap(Object.keys)]);
  const size = (name: string) => Math.max(...impacts.map((each) => Math.abs(each[name] ?? 0)));
  const { report } = useBook();
  const amount = (name: string, value: number | null | undefined) => (
    <Part measure="factor_impacts" about={`${outcome.name}, ${name}`} amount={money(value, { plus: true })} tone={tone(value)}>
      {money(value, { plus: true, compact: true })}
    </Part>
  );
  const moved = (measure: string, name: string, value: number | null | undefined) => (
    <Part measure={measure} about={`${outcome.name}, ${factorName(report, name)}`} amount={move(name, value)} />
  );
  const rows = [...names]
    .filter((name) => size(name) > 0 || given[name])
    .toSorted((a, b) => size(b) - size(a))
    .map((name) => [
      factorName(report, name),
      moved("shocks", name, given[name]),
      moved("measured_shocks", name, measured[name]),
      moved("effective_shocks", name, direct?.effective_shocks?.[name]),
      moved("effective_shocks", name, correlated?.effective_shocks?.[name]),
      amount(factorName(report, name), impacts[0]?.[name]),
      amount(factorName(report, name), impacts[1]?.[name]),
      amount(factorName(report, name), name === "nonlinear" ? stated?.nonlinear : stated?.factor_impacts?.[name]),
    ]);
  const total = [
    "All",
    "",
    "",
    "",
    "",
    amount("all factors", direct?.total_pnl),
    amount("all factors", correlated?.total_pnl),
    amount("all factors", stated?.total_pnl),
  ];
  const columns = [
    "Given shock",
    "Measured",
    "Moves, direct",
    "Moves, correlated",
    "P&L, direct",
    "P&L, correlated",
    "P&L, given shocks",
  ];
  return (
    <>
      <DataTable
        label={`${outcome.name} by factor`}
        columns={[{ name: "Factor" }, ...columns.map((name) => ({ name, numeric: true }))]}
        rows={[...rows, total]}
      />
      <p class="note">
        {terms?.basis === "over_market"
          ? "Shocks and moves of styles are over the market's."
          : "Given and measured are the returns of the factors' funds; styles move by what is over the market's return."}
      </p>
    </>
  );
}

function ByPosition({ outcome, loading }: { outcome: StressOutcome; loading: boolean }) {
  const { all } = useAddress();
  const direct = new Map(outcome.direct?.positions?.map((each) => [each.position_id, each.pnl]));
  const positions = (outcome.correlated ?? outcome.direct)?.positions ?? [];
  const sorted = positions.toSorted((a, b) => Math.abs(b.pnl ?? 0) - Math.abs(a.pnl ?? 0));
  const shown = all ? sorted : sorted.slice(0, SHOWN);
  const amount = (name: string, value: number | null | undefined) =>
    value === null || value === undefined ? (
      "left out"
    ) : (
      <Part measure="pnl" about={`${outcome.name}, ${name}`} amount={money(value, { plus: true })} tone={tone(value)}>
        {money(value, { plus: true, compact: true })}
      </Part>
    );
  return (
    <Panel title="By position" note={positions.length ? `${outcome.name}, ${shown.length} of ${number(positions.length, 0)}, the largest first` : outcome.name}>
      {positions.length ? (
        <DataTable
          label={`${outcome.name} by position`}
          columns={[{ name: "Position" }, { name: "Direct", numeric: true }, { name: "Correlated", numeric: true }]}
          rows={shown.map((each) => [
            <Symbol symbol={each.symbol} />,
            amount(`${each.symbol}, direct`, direct.get(each.position_id)),
            amount(`${each.symbol}, correlated`, each.pnl),
          ])}
        />
      ) : (
        <p class="empty">{loading ? "Loading …" : "No position has a part in it."}</p>
      )}
      {positions.length > SHOWN && (
        <button type="button" class="pill" onClick={() => go({ all: all ? undefined : "1" })}>
          {all ? `The largest ${SHOWN}` : `All ${number(positions.length, 0)}`}
        </button>
      )}
    </Panel>
  );
}

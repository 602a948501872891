import type { StressOutcome, StressResultOut } from "../api/types";
import { read } from "../api/client";
import { money, number, percent, shock, tone, words } from "../format";
import { Bars } from "../parts/Bars";
import { DataTable } from "../parts/DataTable";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { Symbol } from "../parts/Symbol";
import { go, useAddress } from "../state/address";
import { useBook } from "../state/book";
import { useLoaded } from "../state/loading";
import { OwnShock } from "./OwnShock";

const COLUMNS = [
  { name: "Scenario" },
  { name: "Severity" },
  { name: "Correlated", numeric: true },
  { name: "of NAV", numeric: true },
  { name: "Direct", numeric: true },
  { name: "Specified shocks", numeric: true },
  { name: "Headline" },
  { name: "Plausibility", numeric: true },
];

export function Scenarios() {
  const { report, asOf, version } = useBook();
  const { scenario } = useAddress();
  const id = report.portfolio.portfolio_id;
  const results = useLoaded(`${id} ${asOf} ${version}`, () =>
    read("risk/stress-testing/results/{portfolio_id}", { portfolio_id: id }, { as_of: asOf, include: "positions" }),
  );
  const scenarios = report.stress.scenarios;
  const chosen = scenarios.find((each) => each.scenario_id === scenario) ?? worstOf(scenarios);
  const detailed = results.value?.scenarios.find((each) => each.scenario_id === chosen?.scenario_id);
  return (
    <div class="grid">
      <Panel title="Scenarios" wide note={`${scenarios.length}, by correlated P&L; plausibility in yearly deviations`}>
        {scenarios.length ? (
          <DataTable label="Scenarios" columns={COLUMNS} rows={rowsOf(scenarios, chosen)} />
        ) : (
          <p class="empty">{report.stress.reason ?? "No scenario is measured on this session."}</p>
        )}
      </Panel>
      {chosen && <ByFactor outcome={chosen} />}
      {chosen && <ByPosition outcome={detailed} loading={results.loading} problem={results.problem} />}
      <MarketMoves />
      <OwnShock />
    </div>
  );
}

const pnlOf = (each: StressOutcome) => (each.correlated ?? each.direct)?.total_pnl ?? 0;

function worstOf(scenarios: StressOutcome[]): StressOutcome | undefined {
  return scenarios.toSorted((a, b) => pnlOf(a) - pnlOf(b))[0];
}

function rowsOf(scenarios: StressOutcome[], chosen: StressOutcome | undefined) {
  return scenarios
    .toSorted((a, b) => pnlOf(a) - pnlOf(b))
    .map((each) => {
      const headline = each.correlated ?? each.direct;
      return [
        <button
          type="button"
          class="link"
          aria-current={each === chosen ? "true" : undefined}
          onClick={() => go({ scenario: each.scenario_id })}
        >
          {each.name}
        </button>,
        words(each.severity),
        <Pnl outcome={each} result={each.correlated} method="correlated" />,
        percent(headline?.share_of_nav, true),
        <Pnl outcome={each} result={each.direct} method="direct" />,
        money(headline?.stated?.total_pnl, { compact: true, plus: true }),
        headline ? words(headline.headline) : "–",
        number(headline?.plausibility, 1),
      ];
    });
}

interface PnlProps {
  outcome: StressOutcome;
  result: StressResultOut | null;
  method: string;
}

function Pnl({ outcome, result, method }: PnlProps) {
  const series = `scenario.${outcome.scenario_id}.${method}`;
  return (
    <Figure measure="total_pnl" series={series} tone={tone(result?.total_pnl)}>
      {money(result?.total_pnl, { compact: true, plus: true })}
    </Figure>
  );
}

function ByFactor({ outcome }: { outcome: StressOutcome }) {
  const result = outcome.correlated ?? outcome.direct;
  const parts = Object.entries({ ...result?.factor_impacts, "non-linear": result?.nonlinear ?? 0 });
  const bars = parts
    .filter(([, value]) => value)
    .toSorted(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([name, value]) => ({
      key: name,
      label: words(name),
      value,
      text: <span class={tone(value)}>{money(value, { compact: true, plus: true })}</span>,
    }));
  return (
    <Panel title={`${outcome.name}: by factor`} note={money(result?.total_pnl, { plus: true })}>
      <Bars bars={bars} empty="No factor has a part in it." />
    </Panel>
  );
}

const SHOWN = 12;

interface ByPositionProps {
  outcome: StressOutcome | undefined;
  loading: boolean;
  problem: string | null;
}

function ByPosition({ outcome, loading, problem }: ByPositionProps) {
  const positions = (outcome?.correlated ?? outcome?.direct)?.positions ?? [];
  const largest = positions.toSorted((a, b) => Math.abs(b.pnl ?? 0) - Math.abs(a.pnl ?? 0)).slice(0, SHOWN);
  const bars = largest.map((each) => ({
    key: each.position_id,
    label: <Symbol symbol={each.symbol} />,
    value: each.pnl ?? 0,
    text: <span class={tone(each.pnl)}>{money(each.pnl, { compact: true, plus: true })}</span>,
  }));
  return (
    <Panel title="By position" note={outcome ? `${outcome.name}, the largest ${bars.length}` : undefined}>
      {problem && <p role="alert">{problem}</p>}
      <Bars bars={bars} empty={loading ? "Loading …" : "No position has a part in it."} />
    </Panel>
  );
}

function MarketMoves() {
  const { report } = useBook();
  const moves = report.stress.market_scenarios;
  const rows = moves.map((each) => [
    each.kind === "market" ? `Market ${shock(each.shock)}` : `Yields ${number(each.shock * 10_000, 0, true)} bp`,
    <span class={tone(each.pnl)}>{money(each.pnl, { plus: true })}</span>,
    percent(each.coverage),
  ]);
  return (
    <Panel title="Plain moves" note="by market beta and rate sensitivity">
      <DataTable
        label="Plain moves"
        columns={[{ name: "Move" }, { name: "P&L", numeric: true }, { name: "Coverage", numeric: true }]}
        rows={rows}
      />
    </Panel>
  );
}

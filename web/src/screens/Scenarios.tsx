import { useState } from "preact/hooks";

import { read } from "../api/client";
import type { ScenarioMap as Mapped, StressOutcome, StressResultOut } from "../api/types";
import { fixed, money, number, percent, sentence, shock, tone, words } from "../format";
import { DataTable } from "../parts/DataTable";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { Part } from "../parts/Part";
import { go, useAddress } from "../state/address";
import { useBook } from "../state/book";
import { useLoaded } from "../state/loading";
import { OwnScenarios } from "./OwnScenarios";
import { ScenarioDetail } from "./ScenarioDetail";
import { ScenarioMap } from "./ScenarioMap";
import { ShockEditor } from "./ShockEditor";

const COLUMNS = [
  { name: "Scenario" },
  { name: "Severity" },
  { name: "Headline P&L", numeric: true },
  { name: "of NAV", numeric: true },
  { name: "Headline by" },
  { name: "Direct", numeric: true },
  { name: "By given shocks", numeric: true },
  { name: "Plausibility, σ", numeric: true },
];

/** The same sentence as in the methodology, section Stress. */
const HEADLINE =
  "Headline: the P&L to quote. The other factors follow as they have moved together (correlated), since factors do " +
  "not move alone; by the moves measured in the scenario's window where they are known, since those happened, else " +
  "by the given shocks. Worst and best are by it.";
const BY = { measured: "measured moves", specified: "given shocks" } as const;

export function Scenarios() {
  const { report, asOf, version } = useBook();
  const { scenario } = useAddress();
  const [turn, setTurn] = useState(0);
  const id = report.portfolio.portfolio_id;
  const key = `${id} ${asOf}`;
  const results = useLoaded(
    key,
    () =>
      read("risk/stress-testing/results/{portfolio_id}", { portfolio_id: id }, { as_of: asOf, include: "positions" }),
    version,
  );
  const map = useLoaded<Mapped>(`${asOf}`, () => read("portfolios/scenarios", {}, { as_of: asOf }), `${version} ${turn}`);
  const terms = useLoaded("terms", () => read("risk/stress-testing/scenarios"), `${version} ${turn}`);
  const outcomes = results.value?.scenarios ?? report.stress.scenarios;
  const chosen = outcomes.find((each) => each.scenario_id === scenario) ?? worstOf(outcomes);
  const listed = terms.value?.items ?? [];
  return (
    <div class="grid scenarios">
      <ScenarioMap map={map.value} loading={map.loading} problem={map.problem} chosen={chosen?.scenario_id} />
      <Panel title="Scenarios" wide note={`${outcomes.length}, the worst first; plausibility in yearly standard deviations`}>
        {outcomes.length ? (
          <>
            <p class="note">{HEADLINE}</p>
            <DataTable label="Scenarios" columns={COLUMNS} rows={rowsOf(outcomes, chosen)} />
          </>
        ) : (
          <p class="empty">{sentence(report.stress.reason ?? "No scenario is measured on this session")}</p>
        )}
      </Panel>
      {results.problem && <p role="alert">{results.problem}</p>}
      {chosen && (
        <ScenarioDetail
          outcome={chosen}
          terms={listed.find((each) => each.scenario_id === chosen.scenario_id)}
          loading={results.loading}
        />
      )}
      <MarketMoves />
      <ShockEditor onSaved={() => setTurn(turn + 1)} />
      <OwnScenarios
        scenarios={listed.filter((each) => each.custom)}
        problem={terms.problem}
        onDeleted={() => setTurn(turn + 1)}
      />
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
        <strong>
          <Pnl outcome={each} result={headline} method={each.correlated ? "correlated" : "direct"} />
        </strong>,
        <Part measure="share_of_nav" about={each.name} amount={percent(headline?.share_of_nav, true)} />,
        headline ? BY[headline.headline] : "–",
        <Pnl outcome={each} result={each.direct} method="direct" />,
        headline?.stated ? (
          <Part measure="stated" about={each.name} amount={money(headline.stated.total_pnl, { plus: true })}>
            {money(headline.stated.total_pnl, { compact: true, plus: true })}
          </Part>
        ) : (
          <small>the same</small>
        ),
        <Part measure="plausibility" about={each.name} amount={number(headline?.plausibility, 1)} />,
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

function MarketMoves() {
  const { report } = useBook();
  const moves = report.stress.market_scenarios;
  const rows = moves.map((each) => [
    each.kind === "market" ? `Market ${shock(each.shock)}` : `Yields ${fixed(each.shock * 10_000, 0, true)} bp`,
    <Part
      measure="pnl"
      about={`${each.kind === "market" ? "Market" : "Yields"} ${each.shock}${each.reason ? `: ${each.reason}` : ""}`}
      amount={money(each.pnl, { plus: true })}
      tone={tone(each.pnl)}
    >
      {money(each.pnl, { plus: true, compact: true })}
    </Part>,
    percent(each.coverage),
  ]);
  return (
    <Panel title="Plain moves" note="by market beta and rate sensitivity">
      {rows.length ? (
        <DataTable
          label="Plain moves"
          columns={[{ name: "Move" }, { name: "P&L", numeric: true }, { name: "Coverage", numeric: true, measure: "coverage" }]}
          rows={rows}
        />
      ) : (
        <p class="empty">No plain move is measured on this session.</p>
      )}
    </Panel>
  );
}

import { useCallback } from "preact/hooks";

import { read } from "../api/client";
import type { Changes } from "../api/names";
import type { PortfolioReport } from "../api/types";
import { instrument, inUnit, money, percent, sentence, tone } from "../format";
import { changeTone } from "../measures";
import { Bars } from "../parts/Bars";
import { DataTable } from "../parts/DataTable";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { Part } from "../parts/Part";
import { Symbol } from "../parts/Symbol";
import { go } from "../state/address";
import { useBook } from "../state/book";
import { useLoaded } from "../state/loading";
import { Exposure } from "./Exposure";
import { NavHistory } from "./NavHistory";
import { Attribution, DayByPosition } from "./Attribution";
import { LimitsBox } from "./LimitsBox";

const SHOWN = 8;

export function Overview() {
  const { report } = useBook();
  return (
    <div class="grid">
      <Exposure positions={report.positions} components={componentsOf(report)} />
      <NavHistory report={report} />
      <DayByPosition report={report} />
      <Attribution report={report} />
      <RiskContributors report={report} />
      <WorstScenarios report={report} />
      <LimitsBox report={report} />
      <SinceYesterday />
    </div>
  );
}

function componentsOf(report: PortfolioReport) {
  return report.metrics.component_var.find((each) => each.confidence === 95)?.positions ?? [];
}

function RiskContributors({ report }: { report: PortfolioReport }) {
  const components = componentsOf(report);
  const largest = components.toSorted((a, b) => b.component_var - a.component_var).slice(0, SHOWN);
  const bars = largest.map((each) => ({
    key: each.position_id,
    label: <Symbol symbol={each.symbol} />,
    value: each.component_var,
    text: (
      <Figure measure="component_var" position={each.position_id}>
        {percent(each.share)}
      </Figure>
    ),
  }));
  return (
    <Panel title="What makes the risk" note="share of the smoothed one-day VaR 95 %, to which the parts add up">
      <Bars bars={bars} empty="VaR is not measured on this session." sizes />
    </Panel>
  );
}

function WorstScenarios({ report }: { report: PortfolioReport }) {
  const measured = report.stress.scenarios.flatMap((scenario) => {
    const result = scenario.correlated ?? scenario.direct;
    const pnl = result?.total_pnl;
    return result && typeof pnl === "number" ? [{ scenario, result, pnl }] : [];
  });
  const worst = (report.positions.length ? measured : []).toSorted((a, b) => a.pnl - b.pnl).slice(0, SHOWN);
  const bars = worst.map(({ scenario, result, pnl }) => ({
    key: scenario.scenario_id,
    label: (
      <button
        type="button"
        class="link"
        onClick={() => go({ screen: "scenarios", scenario: scenario.scenario_id })}
      >
        {scenario.name}
      </button>
    ),
    value: pnl,
    text: (
      <>
        <Figure measure="total_pnl" series={`scenario.${scenario.scenario_id}`} tone={tone(pnl)}>
          {money(pnl, { compact: true, plus: true })}
        </Figure>
        <small>{percent(result.share_of_nav, true)}</small>
      </>
    ),
  }));
  return (
    <Panel title="Worst scenarios" note="headline P&L and share of NAV: others follow, by measured moves where they are known">
      <Bars bars={bars} empty={
          report.positions.length ? "No scenario is measured on this session." : "No position is held on this session."
        } />
    </Panel>
  );
}

function SinceYesterday() {
  const { report, version, asOf } = useBook();
  const id = report.portfolio.portfolio_id;
  const load = useCallback(
    () => read("portfolios/{portfolio_id}/changes", { portfolio_id: id }, { as_of: asOf, positions: 3 }),
    [id, asOf],
  );
  const changes = useLoaded<Changes>(`${id} ${asOf}`, load, version);
  const figures = changes.value?.figures.filter((each) => each.difference && !each.measure.includes(".")) ?? [];
  const moved = changes.value?.positions ?? [];
  return (
    <Panel title="Since the session before" note={changes.value?.start && !changes.value.reason ? `since ${changes.value.start}` : undefined}>
      {changes.loading && !changes.value && <p class="empty">Loading …</p>}
      {changes.problem && <p role="alert">{changes.problem}</p>}
      {changes.value?.reason && <p class="empty">{sentence(changes.value.reason)}</p>}
      {figures.length > 0 && (
        <DataTable
          label="Since the session before"
          columns={[
            { name: "Figure" },
            { name: "Before", numeric: true, measure: "before" },
            { name: "Now", numeric: true },
            { name: "Change", numeric: true },
            { name: "Most of it" },
          ]}
          rows={figures.map((each) => [
            each.title,
            inUnit(each.before, each.unit, { compact: true }),
            <Figure measure={each.measure}>{inUnit(each.after, each.unit, { compact: true })}</Figure>,
            <Part
              measure="difference"
              about={`${each.title}, since the session before`}
              amount={inUnit(each.difference, each.unit, { plus: true })}
              tone={changeTone(each.measure, each.difference)}
            >
              {inUnit(each.difference, each.unit, { compact: true, plus: true })}
            </Part>,
            <span class="wrap">{instrument(each.by_position?.[0]?.name ?? each.by_factor?.[0]?.name ?? "")}</span>,
          ])}
        />
      )}
      {moved.length > 0 && (
        <p class="note">
          Traded: {moved.map((each) => `${instrument(each.symbol)} (${each.state.replace(/_/g, " ")})`).join(", ")}
        </p>
      )}
    </Panel>
  );
}

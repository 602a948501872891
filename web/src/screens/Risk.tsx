import { useCallback } from "preact/hooks";

import { read } from "../api/client";
import type { Backtest, Vectors } from "../api/names";
import type { JudgedVar, PortfolioReport } from "../api/types";
import { fixed, inUnit, money, number, percent, title, words } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { DataTable } from "../parts/DataTable";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { Symbol } from "../parts/Symbol";
import { days, dollars, tooltip } from "../parts/options";
import { go, useAddress } from "../state/address";
import { metric, useBook } from "../state/book";
import { useLoaded } from "../state/loading";

const METHODS = ["historical", "rescaled", "smoothed", "parametric"];

export function Risk() {
  const { report, asOf, version } = useBook();
  const ids = { portfolio_id: report.portfolio.portfolio_id };
  const key = `${ids.portfolio_id} ${asOf} ${version}`;
  const backtest = useLoaded<Backtest>(key, () => read("portfolios/{portfolio_id}/var-backtest", ids, { to: asOf }));
  const vectors = useLoaded<Vectors>(key, () =>
    read("portfolios/{portfolio_id}/pnl-vectors", ids, { as_of: asOf, limit: 1 }),
  );
  const { var: chosen } = useAddress();
  const judged = backtest.value?.judged ?? [];
  const shown = judged.find((each) => each.measure === chosen) ?? judged[0];
  return (
    <div class="grid">
      <Methods report={report} />
      <Distribution report={report} vectors={vectors.value} problem={vectors.problem} />
      <Components report={report} />
      {backtest.problem && <p role="alert">{backtest.problem}</p>}
      {backtest.value?.reason && <p class="empty">{backtest.value.reason}</p>}
      {shown && <Exceptions judged={shown} />}
      {judged.length > 0 && <Verdicts judged={judged} shown={shown} />}
    </div>
  );
}

function Methods({ report }: { report: PortfolioReport }) {
  const cell = (name: string) => {
    const found = metric(report, name);
    if (!found) return "–";
    return (
      <span title={found.reason ?? undefined}>
        <Figure measure={name}>{inUnit(found.value, found.unit)}</Figure>
        <small>{percent(found.share_of_nav)}</small>
      </span>
    );
  };
  const rows = METHODS.map((method) => [
    words(method),
    ...["var_95", "var_99", "es_95", "es_99"].map((name) => cell(`${name}_1d_${method}`)),
  ]);
  const columns = ["VaR 95 %", "VaR 99 %", "Shortfall 95 %", "Shortfall 99 %"];
  return (
    <Panel title="One-day VaR and shortfall" note="USD and share of NAV" wide>
      <DataTable
        label="One-day VaR and shortfall by method"
        columns={[{ name: "Method" }, ...columns.map((name) => ({ name, numeric: true }))]}
        rows={rows}
      />
    </Panel>
  );
}

interface DistributionProps {
  report: PortfolioReport;
  vectors: Vectors | null;
  problem: string | null;
}

function Distribution({ report, vectors, problem }: DistributionProps) {
  const draw = useCallback((own: Colours) => ranked(own, report, vectors), [report, vectors]);
  const known = vectors?.values.filter((value) => value !== null) ?? [];
  const rows = vectors?.session_dates.map((day, place) => [day, money(vectors.values[place], { plus: true })]) ?? [];
  return (
    <Panel
      title="Today's holdings on past days"
      note={`${known.length} sessions, the worst first`}
      table={{ columns: [{ name: "Session" }, { name: "P&L", numeric: true }], rows }}
    >
      {problem && <p role="alert">{problem}</p>}
      {vectors?.reason ? (
        <p class="empty">{vectors.reason}</p>
      ) : (
        <Chart label="Past P&L of today's holdings, ranked, with VaR and shortfall" height={400} draw={draw} />
      )}
    </Panel>
  );
}

function ranked(own: Colours, report: PortfolioReport, vectors: Vectors | null) {
  const dated = vectors?.session_dates.map((day, place) => ({ day, pnl: vectors.values[place] ?? null })) ?? [];
  const sorted = dated
    .flatMap(({ day, pnl }) => (pnl === null ? [] : [{ day, pnl }]))
    .toSorted((a, b) => a.pnl - b.pnl);
  const lines = ["var_95_1d_historical", "var_99_1d_historical", "es_99_1d_historical"].flatMap((name) => {
    const value = metric(report, name)?.value;
    const title = name.startsWith("es") ? "ES 99" : name.startsWith("var_99") ? "VaR 99" : "VaR 95";
    return typeof value === "number" ? [{ yAxis: -value, label: { formatter: title } }] : [];
  });
  return {
    tooltip: {
      ...tooltip(own, "axis"),
      formatter: (points: Array<{ dataIndex: number }>) => {
        const point = sorted[points[0]?.dataIndex ?? 0];
        return point ? `${point.day}\n${money(point.pnl, { plus: true })}` : "";
      },
    },
    grid: { left: 64, right: 56, top: 10, bottom: 12 },
    xAxis: { ...days(own, sorted.map((each) => each.day)), axisLabel: { show: false } },
    yAxis: { ...dollars(own), scale: false },
    series: [
      {
        type: "bar",
        barCategoryGap: "10%",
        data: sorted.map((each) => ({
          value: each.pnl,
          itemStyle: { color: each.pnl < 0 ? own.loss : own.gain },
        })),
        markLine: {
          symbol: "none",
          silent: true,
          lineStyle: { color: own.text, type: "dashed" },
          label: { color: own.text, position: "end", fontSize: 11 },
          data: lines,
        },
      },
    ],
  };
}

function Exceptions({ judged }: { judged: JudgedVar }) {
  const draw = useCallback((own: Colours) => againstVar(own, judged), [judged]);
  const past = new Set(judged.exception_dates);
  const rows = judged.session_dates.map((day, place) => [
    day,
    money(judged.hypothetical_pnl[place], { plus: true }),
    money(judged.values[place]),
    past.has(day) ? "exception" : "",
  ]);
  const columns = [
    { name: "Session" },
    { name: "P&L", numeric: true },
    { name: "VaR of the evening before", numeric: true },
    { name: "" },
  ];
  return (
    <Panel
      title="P&L and the VaR of the evening before"
      wide
      note={`${title(judged.measure)}: ${judged.exceptions} exceptions in ${judged.days} days, ${number(judged.expected_exceptions, 1)} expected`}
      table={{ columns, rows: rows.toReversed() }}
    >
      <Chart
        label="P&L by session under the VaR, with exceptions"
        height={260}
        draw={draw}
        onPick={(day) => past.has(day) && go({ as_of: day, screen: "overview" })}
      />
      {judged.exception_dates.length > 0 && (
        <p class="note">
          The losers of an exception:{" "}
          {judged.exception_dates.map((day) => (
            <button key={day} type="button" class="link" onClick={() => go({ as_of: day, screen: "overview" })}>
              {day}
            </button>
          ))}
        </p>
      )}
    </Panel>
  );
}

function againstVar(own: Colours, judged: JudgedVar) {
  const past = new Set(judged.exception_dates);
  return {
    tooltip: {
      ...tooltip(own, "axis"),
      formatter: (points: Array<{ dataIndex: number }>) => {
        const place = points[0]?.dataIndex ?? 0;
        const pnl = money(judged.hypothetical_pnl[place], { plus: true });
        return `${judged.session_dates[place]}\nP&L ${pnl}\nVaR ${money(judged.values[place])}`;
      },
    },
    grid: { left: 64, right: 12, top: 10, bottom: 28 },
    xAxis: days(own, judged.session_dates),
    yAxis: { ...dollars(own), scale: false },
    series: [
      {
        type: "bar",
        name: "P&L",
        data: judged.hypothetical_pnl.map((pnl, place) => ({
          value: pnl,
          itemStyle: { color: past.has(judged.session_dates[place] ?? "") ? own.loss : own.neutral },
        })),
      },
      {
        type: "line",
        name: "VaR",
        step: "middle",
        showSymbol: false,
        lineStyle: { color: own.accent, width: 1.5 },
        itemStyle: { color: own.accent },
        data: judged.values.map((value) => -value),
      },
    ],
  };
}

function Verdicts({ judged, shown }: { judged: JudgedVar[]; shown: JudgedVar | undefined }) {
  const columns = [
    { name: "VaR" },
    { name: "Days", numeric: true },
    { name: "Exceptions", numeric: true },
    { name: "Expected", numeric: true },
    { name: "Kupiec p", numeric: true },
    { name: "Christoffersen p", numeric: true },
    { name: "Both p", numeric: true },
    { name: "Basel zone" },
  ];
  const rows = judged.map((each) => [
    <button
      type="button"
      class="link"
      aria-current={each === shown ? "true" : undefined}
      onClick={() => go({ var: each.measure })}
    >
      {title(each.measure)}
    </button>,
    number(each.days, 0),
    <Figure measure="exceptions">{number(each.exceptions, 0)}</Figure>,
    number(each.expected_exceptions, 1),
    fixed(each.kupiec?.p_value, 3),
    fixed(each.christoffersen?.p_value, 3),
    fixed(each.conditional_coverage?.p_value, 3),
    each.zone ? <span class={`pill zone-${each.zone}`}>{each.zone}</span> : <small>{each.reason ?? "–"}</small>,
  ]);
  return (
    <Panel title="How the VaR held" wide note="below 0.05 a VaR is rejected">
      <DataTable label="How the VaR held" columns={columns} rows={rows} />
    </Panel>
  );
}

function Components({ report }: { report: PortfolioReport }) {
  const found = report.metrics.component_var.find((each) => each.confidence === 95);
  const rows = (found?.positions ?? [])
    .toSorted((a, b) => b.component_var - a.component_var)
    .map((each) => [
      <Symbol symbol={each.symbol} />,
      <Figure measure="component_var" position={each.position_id}>
        {money(each.component_var)}
      </Figure>,
      percent(each.share),
      money(each.component_es),
      number(each.days, 0),
    ]);
  const columns = ["Component VaR", "Share", "Component shortfall", "Days known"];
  return (
    <Panel title="Components of VaR 95 %" note={`they add up to ${money(found?.total_var)}`}>
      <DataTable
        label="Components of VaR 95 %"
        columns={[{ name: "Position" }, ...columns.map((name) => ({ name, numeric: true }))]}
        rows={rows}
      />
    </Panel>
  );
}

import { useCallback } from "preact/hooks";

import type { Vectors } from "../api/names";
import type { PortfolioReport } from "../api/types";
import { fixed, money, number, sentence } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { Facts } from "../parts/Facts";
import { Panel } from "../parts/Panel";
import { dollarsAlong, plainNumbers, tooltip } from "../parts/options";
import { metric, useBook } from "../state/book";
import type { Loaded } from "../state/loading";

const MARKS = [
  ["var_95_1d_historical", "VaR 95"],
  ["es_95_1d_historical", "ES 95"],
  ["var_99_1d_historical", "VaR 99"],
  ["es_99_1d_historical", "ES 99"],
] as const;

/** How often today's holdings would have made how much on past days, with VaR and shortfall. */
export function Distribution({ vectors: { value: vectors, problem } }: { vectors: Loaded<Vectors> }) {
  const { report } = useBook();
  const draw = useCallback((own: Colours) => histogram(own, report, vectors), [report, vectors]);
  const found = vectors?.distribution;
  const rows = (found?.classes ?? []).map((each) => [
    money(each.low, { whole: true }),
    money(each.high, { whole: true }),
    number(each.sessions, 0),
  ]);
  const columns = ["From", "To less than", "Sessions"].map((name) => ({ name, numeric: true }));
  const known = vectors?.values.filter((value) => value !== null).length ?? 0;
  return (
    <Panel
      title="Today's holdings on past days"
      note={vectors && !vectors.reason ? `${known} sessions up to ${vectors.session_dates.at(-1)}` : undefined}
      {...(rows.length ? { table: { columns, rows } } : {})}
    >
      {problem && <p role="alert">{problem}</p>}
      {!vectors && !problem && <p class="empty">Loading …</p>}
      {vectors && !found && <p class="empty">{sentence(vectors.reason ?? "Fewer than two past sessions are known")}</p>}
      {found && (
        <>
          <Chart label="Past P&L of today's holdings by size, with VaR and shortfall" height={320} draw={draw} />
          <Facts
            label="The past days in sum"
            facts={[
              { name: "Worst", measure: "worst_pnl", value: money(found.worst_pnl, { plus: true, whole: true }) },
              { name: "Best", measure: "best_pnl", value: money(found.best_pnl, { plus: true, whole: true }) },
              { name: "Mean", measure: "mean_pnl", value: money(found.mean_pnl, { plus: true, whole: true }) },
              { name: "Deviation", measure: "deviation", value: money(found.deviation, { whole: true }) },
              { name: "Skewness", measure: "skewness", value: fixed(found.skewness, 2, true) },
              { name: "Kurtosis", measure: "kurtosis", value: fixed(found.kurtosis, 2) },
            ]}
          />
        </>
      )}
    </Panel>
  );
}

function histogram(own: Colours, report: PortfolioReport, vectors: Vectors | null) {
  const classes = vectors?.distribution?.classes ?? [];
  const marks = MARKS.flatMap(([name, title]) => {
    const value = metric(report, name)?.value;
    const isVar = title.startsWith("VaR");
    // Lines may be close to each other: shortfalls have their names lower.
    const label = { position: isVar ? "insideEndTop" : "insideMiddleTop" };
    const line = { type: isVar ? "solid" : "dashed" };
    return typeof value === "number" ? [{ xAxis: -value, name: title, lineStyle: line, label }] : [];
  });
  return {
    tooltip: {
      ...tooltip(own, "item"),
      formatter: ({ dataIndex }: { dataIndex: number }) => {
        const shown = classes[dataIndex];
        return shown ? `${money(shown.low, { whole: true })} to ${money(shown.high, { whole: true })}\n${shown.sessions} sessions` : "";
      },
    },
    grid: { left: 40, right: 16, top: 12, bottom: 28 },
    xAxis: dollarsAlong(own, classes[0]?.low, classes.at(-1)?.high),
    yAxis: { ...plainNumbers(own), minInterval: 1 },
    series: [
      {
        type: "bar",
        barCategoryGap: "6%",
        data: classes.map((each) => ({
          // A bar stands in the middle of its class.
          value: [(each.low + each.high) / 2, each.sessions],
          itemStyle: { color: each.high <= 0 ? own.loss : own.gain, opacity: 0.75 },
        })),
        markLine: {
          symbol: "none",
          silent: true,
          lineStyle: { color: own.text, width: 1.2 },
          label: { color: own.text, backgroundColor: own.panel, formatter: "{b}", fontSize: 11 },
          data: marks,
        },
      },
    ],
  };
}

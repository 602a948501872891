import { useCallback } from "preact/hooks";

import type { PeriodReturn, PortfolioReport, ReportedPoint } from "../api/types";
import { money, percent, tone } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { days, dollars, tooltip } from "../parts/options";
import { metric } from "../state/book";

/** NAV, how far returns are below their highest, and the P&L of each session. */
export function NavHistory({ report }: { report: PortfolioReport }) {
  const { history, performance } = report;
  const draw = useCallback((own: Colours) => picture(own, history), [history]);
  const columns = [
    { name: "Session" },
    { name: "NAV", numeric: true, measure: "nav" },
    { name: "Drawdown", numeric: true, measure: "drawdown" },
    { name: "P&L", numeric: true, measure: "daily_pnl" },
    { name: "Return", numeric: true, measure: "daily_return" },
  ];
  const rows = history.map((each) => [
    each.as_of,
    money(each.nav),
    percent(each.drawdown),
    money(each.daily_pnl, { plus: true }),
    percent(each.daily_return, true),
  ]);
  const note = history.length === 1 ? "1 session" : `${history.length} sessions`;
  return (
    <Panel title="NAV, drawdown and daily P&L" note={note} table={{ columns, rows: rows.toReversed() }}>
      <dl class="returns" aria-label="Performance and drawdown">
        {performance.map((each) => (
          <Performance key={each.period} each={each} />
        ))}
        <Drawdown report={report} />
      </dl>
      {history.length > 1 ? (
        <Chart label="NAV, drawdown and daily P&L by session" height={384} draw={draw} />
      ) : (
        <p class="empty">A history is drawn from the second session on.</p>
      )}
    </Panel>
  );
}

/** A time-weighted return, not annualised. */
function Performance({ each }: { each: PeriodReturn }) {
  return (
    <div>
      <dt>{each.period}</dt>
      <dd title={each.reason ?? undefined}>
        <Figure measure={`performance_${each.period}`} tone={tone(each.value)}>
          {percent(each.value, true)}
        </Figure>
      </dd>
    </div>
  );
}

/** Of the last session, and the deepest of the chain. */
function Drawdown({ report }: { report: PortfolioReport }) {
  const now = report.history.at(-1)?.drawdown;
  const deepest = metric(report, "max_drawdown");
  return (
    <div>
      <dt>drawdown</dt>
      <dd>
        <Figure measure="drawdown" tone={tone(now)}>
          {percent(now)}
        </Figure>
      </dd>
      <dt>deepest</dt>
      <dd title={deepest?.reason ?? undefined}>
        <Figure measure="max_drawdown" tone={tone(deepest?.value)}>
          {percent(deepest?.value)}
        </Figure>
      </dd>
    </div>
  );
}

function picture(own: Colours, history: ReportedPoint[]) {
  const dates = history.map((each) => each.as_of);
  return {
    tooltip: {
      ...tooltip(own, "axis"),
      formatter: (points: Array<{ dataIndex: number }>) => {
        const point = history[points[0]?.dataIndex ?? 0];
        if (!point) return "";
        return [
          point.as_of,
          `NAV ${money(point.nav)}`,
          `drawdown ${percent(point.drawdown)}`,
          `P&L ${money(point.daily_pnl, { plus: true })}`,
        ].join("\n");
      },
    },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: [
      { left: 64, right: 12, top: 12, height: 150 },
      { left: 64, right: 12, top: 184, height: 56 },
      { left: 64, right: 12, top: 262, height: 92 },
    ],
    xAxis: [
      { ...days(own, dates), gridIndex: 0, axisLabel: { show: false } },
      { ...days(own, dates), gridIndex: 1, axisLabel: { show: false } },
      { ...days(own, dates), gridIndex: 2 },
    ],
    yAxis: [
      { ...dollars(own), gridIndex: 0 },
      {
        ...dollars(own),
        gridIndex: 1,
        max: 0,
        min: ({ min }: { min: number }) => Math.min(min, -0.01),
        splitNumber: 2,
        axisLabel: { color: own.dim, formatter: (value: number) => percent(value) },
      },
      { ...dollars(own), gridIndex: 2, splitNumber: 2 },
    ],
    series: [
      {
        type: "line",
        name: "NAV",
        xAxisIndex: 0,
        yAxisIndex: 0,
        showSymbol: false,
        lineStyle: { color: own.accent, width: 2 },
        itemStyle: { color: own.accent },
        areaStyle: { color: own.accent, opacity: 0.12 },
        data: history.map((each) => each.nav),
      },
      {
        type: "line",
        name: "Drawdown",
        xAxisIndex: 1,
        yAxisIndex: 1,
        showSymbol: false,
        lineStyle: { color: own.loss, width: 1 },
        itemStyle: { color: own.loss },
        areaStyle: { color: own.loss, opacity: 0.18 },
        data: history.map((each) => each.drawdown),
      },
      {
        type: "bar",
        name: "P&L",
        xAxisIndex: 2,
        yAxisIndex: 2,
        data: history.map((each) => ({
          value: each.daily_pnl,
          itemStyle: { color: (each.daily_pnl ?? 0) < 0 ? own.loss : own.gain },
        })),
      },
    ],
  };
}

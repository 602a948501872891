import { useCallback } from "preact/hooks";

import type { HistoryPoint, PeriodReturn } from "../api/types";
import { money, percent, tone } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { days, dollars, tooltip } from "../parts/options";

interface Props {
  history: HistoryPoint[];
  performance: PeriodReturn[];
}

export function NavHistory({ history, performance }: Props) {
  const draw = useCallback((own: Colours) => picture(own, history), [history]);
  const columns = [
    { name: "Session" },
    { name: "NAV", numeric: true },
    { name: "P&L", numeric: true },
    { name: "Return", numeric: true },
  ];
  const rows = history.map((each) => [
    each.as_of,
    money(each.nav),
    money(each.daily_pnl, { plus: true }),
    percent(each.daily_return, true),
  ]);
  const note = history.length === 1 ? "1 session" : `${history.length} sessions`;
  return (
    <Panel title="NAV and daily P&L" note={note} table={{ columns, rows: rows.toReversed() }}>
      <Performance periods={performance} />
      <Chart label="NAV and daily P&L by session" height={336} draw={draw} />
    </Panel>
  );
}

/** Time-weighted returns, not annualised. */
function Performance({ periods }: { periods: PeriodReturn[] }) {
  return (
    <dl class="returns" aria-label="Performance">
      {periods.map((each) => (
        <div key={each.period}>
          <dt>{each.period}</dt>
          <dd title={each.reason ?? undefined}>
            <Figure measure={`performance_${each.period}`} tone={tone(each.value)}>
              {percent(each.value, true)}
            </Figure>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function picture(own: Colours, history: HistoryPoint[]) {
  const dates = history.map((each) => each.as_of);
  return {
    tooltip: {
      ...tooltip(own, "axis"),
      formatter: (points: Array<{ dataIndex: number }>) => {
        const point = history[points[0]?.dataIndex ?? 0];
        if (!point) return "";
        return `${point.as_of}\nNAV ${money(point.nav)}\nP&L ${money(point.daily_pnl, { plus: true })}`;
      },
    },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: [
      { left: 64, right: 12, top: 12, height: 186 },
      { left: 64, right: 12, top: 222, height: 78 },
    ],
    xAxis: [
      { ...days(own, dates), gridIndex: 0, axisLabel: { show: false } },
      { ...days(own, dates), gridIndex: 1 },
    ],
    yAxis: [
      { ...dollars(own), gridIndex: 0 },
      { ...dollars(own), gridIndex: 1, splitNumber: 2 },
    ],
    series: [
      {
        type: "line",
        name: "NAV",
        xAxisIndex: 0,
        yAxisIndex: 0,
        showSymbol: history.length === 1,
        lineStyle: { color: own.accent, width: 2 },
        itemStyle: { color: own.accent },
        areaStyle: { color: own.accent, opacity: 0.12 },
        data: history.map((each) => each.nav),
      },
      {
        type: "bar",
        name: "P&L",
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: history.map((each) => ({
          value: each.daily_pnl,
          itemStyle: { color: (each.daily_pnl ?? 0) < 0 ? own.loss : own.gain },
        })),
      },
    ],
  };
}

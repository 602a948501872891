import { useCallback } from "preact/hooks";

import type { AttributionReport } from "../api/types";
import { money } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { Panel } from "../parts/Panel";
import { dollars, tooltip } from "../parts/options";

interface Step {
  name: string;
  pnl: number;
}

/** The session's P&L as steps from zero to its total: factors, income, fees, trading, the rest. */
export function Attribution({ attribution }: { attribution: AttributionReport }) {
  const steps = stepsOf(attribution);
  const draw = useCallback((own: Colours) => picture(own, steps, attribution.total ?? 0), [attribution]);
  const rows = [...steps, { name: "Total", pnl: attribution.total ?? 0 }].map((each) => [
    each.name,
    money(each.pnl, { plus: true }),
  ]);
  const columns = [{ name: "Part" }, { name: "P&L", numeric: true }];
  return (
    <Panel title="P&L of the day by factor" note={money(attribution.total, { plus: true })} table={{ columns, rows }}>
      {steps.length ? (
        <Chart label="P&L of the day by factor" height={264} draw={draw} />
      ) : (
        <p class="empty">{attribution.reason ?? "The P&L of this session is not attributed."}</p>
      )}
    </Panel>
  );
}

function stepsOf(attribution: AttributionReport): Step[] {
  const parts: Array<[string, number | null]> = [
    ...attribution.factors.map((each): [string, number | null] => [each.name, each.pnl]),
    ["Income", attribution.income],
    ["Fees", attribution.fees],
    ["Trading", attribution.trades],
    ["Specific", attribution.specific],
  ];
  return parts.flatMap(([name, pnl]) => (pnl ? [{ name, pnl }] : []));
}

/** Each bar starts where the one before it ended; that place is drawn, never shown as a number. */
function picture(own: Colours, steps: Step[], total: number) {
  let height = 0;
  const spans = steps.map((step) => {
    const start = height;
    height += step.pnl;
    return { ...step, start, end: height };
  });
  const all = [...spans, { name: "Total", pnl: total, start: 0, end: total }];
  const bar = (from: number, to: number, colour: string) => ({ value: to - from, itemStyle: { color: colour } });
  const hidden = { itemStyle: { color: "transparent" }, silent: true, tooltip: { show: false } };
  const colour = (each: Step) => (each.name === "Total" ? own.accent : each.pnl < 0 ? own.loss : own.gain);
  const above = all.map((each) => [Math.max(Math.min(each.start, each.end), 0), Math.max(each.start, each.end, 0)]);
  const below = all.map((each) => [Math.min(Math.max(each.start, each.end), 0), Math.min(each.start, each.end, 0)]);
  const series = (stack: string, spots: number[][], shown: boolean) => ({
    type: "bar" as const,
    stack,
    barWidth: "62%",
    barGap: "-100%",
    data: spots.map(([near = 0, far = 0], place) => {
      const each = all[place];
      return shown && each ? bar(near, far, colour(each)) : near;
    }),
    ...(shown ? {} : hidden),
  });
  return {
    tooltip: {
      ...tooltip(own, "item"),
      formatter: (info: { dataIndex: number }) => {
        const each = all[info.dataIndex];
        return each ? `${each.name}\n${money(each.pnl, { plus: true })}` : "";
      },
    },
    grid: { left: 64, right: 8, top: 10, bottom: 62 },
    xAxis: {
      type: "category" as const,
      data: all.map((each) => each.name),
      axisLabel: { color: own.dim, interval: 0, rotate: 40, fontSize: 11 },
      axisLine: { lineStyle: { color: own.line } },
      axisTick: { show: false },
    },
    yAxis: { ...dollars(own), scale: false, splitNumber: 4 },
    series: [
      series("above", above, false),
      series("above", above, true),
      series("below", below, false),
      series("below", below, true),
    ],
  };
}

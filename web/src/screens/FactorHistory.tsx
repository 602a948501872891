import { useCallback } from "preact/hooks";

import type { AttributionPeriods } from "../api/types";
import { money, sentence } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { Choice } from "../parts/Choice";
import { Panel } from "../parts/Panel";
import { days, dollars, partColours, tooltip } from "../parts/options";
import { go } from "../state/address";

const PERIODS: Array<[string, string]> = [
  ["month", "Months"],
  ["week", "Weeks"],
];

export function periodOf(name: string | undefined): string {
  return PERIODS.some(([per]) => per === name) ? (name ?? "month") : "month";
}

/** P&L by factor, stacked, with what no factor explains; the diamond is what they add up to. */
export function FactorHistory({ history }: { history: AttributionPeriods }) {
  const draw = useCallback((own: Colours) => picture(own, history), [history]);
  const table = {
    columns: [
      { name: history.per === "week" ? "Week to" : "Month to" },
      ...history.parts.map((part) => ({ name: part.name, numeric: true, measure: "pnl" })),
      { name: "P&L", numeric: true, measure: "pnl" },
    ],
    rows: [
      ...history.periods.map((period, place) => [
        period.end,
        ...history.parts.map((part) => money(part.values[place], { plus: true })),
        money(history.pnl[place], { plus: true }),
      ]),
      ["Together", ...history.parts.map((part) => money(part.total, { plus: true })), money(history.total, { plus: true })],
    ],
  };
  return (
    <Panel
      title="P&L by factor"
      wide
      note={history.total === null ? undefined : `${money(history.total, { plus: true })} in ${history.sessions} sessions`}
      {...(history.periods.length ? { table } : {})}
    >
      <Choice
        label="Periods"
        choices={PERIODS}
        chosen={history.per}
        onChoose={(per) => go({ per: per === "month" ? undefined : per }, true)}
      />
      {history.periods.length ? (
        <Chart label="P&L by period, by factor and specific" height={320} draw={draw} />
      ) : (
        <p class="empty">{sentence(history.reason ?? "No P&L is attributed yet")}</p>
      )}
      {history.sessions_left_out.length > 0 && (
        <p class="note">Not split, because a part is unknown: {history.sessions_left_out.join(", ")}.</p>
      )}
    </Panel>
  );
}

function picture(own: Colours, history: AttributionPeriods) {
  const shown = history.parts.filter((part) => part.values.some((value) => value !== 0));
  const colours = partColours(own);
  return {
    color: shown.map((part, place) => (part.part === "specific" ? own.neutral : (colours[place % colours.length] ?? own.neutral))),
    legend: { type: "scroll" as const, top: 0, textStyle: { color: own.text }, pageTextStyle: { color: own.text } },
    tooltip: {
      ...tooltip(own, "axis"),
      formatter: (points: Array<{ dataIndex: number }>) => {
        const place = points[0]?.dataIndex ?? 0;
        const period = history.periods[place];
        const lines = shown.map((part) => `${part.name} ${money(part.values[place], { plus: true })}`);
        return [`${period?.start} to ${period?.end}`, ...lines, `P&L ${money(history.pnl[place], { plus: true })}`].join("\n");
      },
    },
    grid: { left: 64, right: 12, top: 36, bottom: 28 },
    xAxis: days(own, history.periods.map((period) => period.end)),
    yAxis: { ...dollars(own), scale: false },
    series: [
      ...shown.map((part) => ({ type: "bar", name: part.name, stack: "parts", barMaxWidth: 48, data: part.values })),
      {
        type: "scatter",
        name: "P&L",
        data: history.pnl,
        symbol: "diamond",
        symbolSize: 11,
        itemStyle: { color: own.text, borderColor: own.panel, borderWidth: 1 },
      },
    ],
  };
}

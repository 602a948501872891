import { useCallback } from "preact/hooks";

import type { JudgedVar, LikelihoodOut } from "../api/types";
import { fixed, money, number } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { DataTable } from "../parts/DataTable";
import { Facts } from "../parts/Facts";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { days, dollars, tooltip } from "../parts/options";
import { go } from "../state/address";
import { titleOf, useBook } from "../state/book";

/** The P&L of every session under the VaR of the evening before; what is below it is an exception. */
export function Exceptions({ judged, chosen }: { judged: JudgedVar; chosen: string | undefined }) {
  const { report } = useBook();
  const draw = useCallback((own: Colours) => againstVar(own, judged, chosen), [judged, chosen]);
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
      note={`${titleOf(report, judged.measure)}${past.size ? "; ◆ exception: click for its losers" : ""}`}
      {...(rows.length ? { table: { columns, rows: rows.toReversed() } } : {})}
    >
      {judged.days > 0 && (
        <Facts
          label="What the exceptions say"
          facts={[
            { name: "Exceptions", measure: "exceptions", value: `${judged.exceptions} of ${judged.days}` },
            { name: "Expected", measure: "expected_exceptions", value: number(judged.expected_exceptions, 1) },
            { name: "Kupiec", measure: "likelihood_ratio", value: pValue(judged.kupiec) },
            { name: "Christoffersen", measure: "likelihood_ratio", value: pValue(judged.christoffersen) },
            { name: "Both", measure: "likelihood_ratio", value: pValue(judged.conditional_coverage) },
            ...(judged.zone ? [{ name: "Basel", measure: "exceptions", value: <Zone zone={judged.zone} /> }] : []),
          ]}
        />
      )}
      {judged.reason && <p class="note">Not tested: {judged.reason}.</p>}
      {judged.days > 0 ? (
        <Chart
          label="P&L by session under the VaR, with exceptions"
          height={260}
          draw={draw}
          onPick={(day) => past.has(day) && go({ exception: day })}
        />
      ) : (
        <p class="empty">
          {["No session can be compared with a VaR yet", judged.gaps[0]?.reason].filter(Boolean).join(": ")}.
        </p>
      )}
      {judged.exception_dates.length > 0 && (
        <p class="note exceptions">
          Losers of{" "}
          {judged.exception_dates.map((day) => (
            <button
              key={day}
              type="button"
              class="link"
              aria-current={day === chosen ? "true" : undefined}
              onClick={() => go({ exception: day })}
            >
              {day}
            </button>
          ))}
        </p>
      )}
    </Panel>
  );
}

/** Below 0.05 the VaR is rejected, and the word says so. */
function pValue(test: LikelihoodOut | null) {
  if (!test) return "–";
  const text = `p ${fixed(test.p_value, 3)}`;
  return test.p_value < 0.05 ? <span class="loss">{text}, rejected</span> : text;
}

function Zone({ zone }: { zone: string }) {
  return <span class={`pill zone-${zone}`}>{zone}</span>;
}

function againstVar(own: Colours, judged: JudgedVar, chosen: string | undefined) {
  const past = new Set(judged.exception_dates);
  const exceeded = judged.session_dates.flatMap((day, place) =>
    past.has(day) ? [{ name: day, value: [day, judged.hypothetical_pnl[place]], symbolSize: day === chosen ? 16 : 10 }] : [],
  );
  return {
    legend: { top: 0, right: 8, textStyle: { color: own.text }, data: ["P&L", "VaR", "Exception"] },
    tooltip: {
      ...tooltip(own, "axis"),
      formatter: (points: Array<{ axisValue: string }>) => {
        const day = points[0]?.axisValue ?? "";
        const place = judged.session_dates.indexOf(day);
        const pnl = money(judged.hypothetical_pnl[place], { plus: true });
        return `${day}\nP&L ${pnl}\nVaR ${money(judged.values[place])}${past.has(day) ? "\nexception" : ""}`;
      },
    },
    grid: { left: 64, right: 12, top: 30, bottom: 28 },
    xAxis: days(own, judged.session_dates),
    yAxis: { ...dollars(own), scale: false },
    series: [
      { type: "bar", name: "P&L", itemStyle: { color: own.neutral }, data: judged.hypothetical_pnl },
      {
        type: "line",
        name: "VaR",
        step: "middle",
        showSymbol: false,
        lineStyle: { color: own.accent, width: 1.5 },
        itemStyle: { color: own.accent },
        data: judged.values.map((value) => -value),
      },
      { type: "scatter", name: "Exception", symbol: "diamond", itemStyle: { color: own.loss }, data: exceeded },
    ],
  };
}

/** Every VaR with its tests; a click shows its exceptions. */
export function Verdicts({ judged, shown }: { judged: JudgedVar[]; shown: JudgedVar | undefined }) {
  const { report } = useBook();
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
  const p = (test: LikelihoodOut | null) => <Figure measure="p_value">{fixed(test?.p_value, 3)}</Figure>;
  const rows = judged.map((each) => [
    <button
      type="button"
      class="link"
      aria-current={each === shown ? "true" : undefined}
      onClick={() => go({ var: each.measure, exception: undefined })}
    >
      {titleOf(report, each.measure)}
    </button>,
    <Figure measure="days">{number(each.days, 0)}</Figure>,
    <Figure measure="exceptions">{number(each.exceptions, 0)}</Figure>,
    <Figure measure="expected_exceptions">{number(each.expected_exceptions, 1)}</Figure>,
    p(each.kupiec),
    p(each.christoffersen),
    p(each.conditional_coverage),
    each.zone ? <Zone zone={each.zone} /> : <small>{each.reason ?? "of 99 % only"}</small>,
  ]);
  return (
    <Panel title="How the VaR held" wide note="below 0.05 a VaR is rejected">
      <DataTable label="How the VaR held" columns={columns} rows={rows} />
    </Panel>
  );
}

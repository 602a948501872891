import { useCallback } from "preact/hooks";

import { read } from "../../api/client";
import type { LimitHistory, LimitOut, LimitStanding, PortfolioReport } from "../../api/types";
import { instrument, moment, money, number, percent, words } from "../../format";
import { Chart, type Colours } from "../../parts/Chart";
import { DataTable } from "../../parts/DataTable";
import { Panel } from "../../parts/Panel";
import { days, tooltip } from "../../parts/options";
import { go } from "../../state/address";
import { useBook } from "../../state/book";
import { memberText } from "../../state/limits";
import { useLoaded } from "../../state/loading";
import { levelText, stateText } from "./words";

const SESSIONS = 250;

interface Props {
  limit: LimitOut;
  portfolioId: string;
  turn: number;
}

/** One limit over its sessions: the value against the levels in force, and what users did about it. */
export function History({ limit, portfolioId, turn }: Props) {
  const { report } = useBook();
  const found = useLoaded<LimitHistory>(
    `${limit.limit_id} ${portfolioId}`,
    () =>
      read("limits/{limit_id}/history", { limit_id: limit.limit_id }, { portfolio_id: portfolioId, limit: SESSIONS }),
    `${turn} ${limit.worst?.as_of}`,
  );
  const newest = found.value?.items ?? [];
  const oldest = newest.toReversed();
  const draw = useCallback((own: Colours) => picture(own, limit, oldest, report), [found.value]);
  const table = {
    columns: [
      { name: "Session" },
      { name: "State" },
      { name: "Value", numeric: true },
      { name: "Of" },
      { name: "Warning", numeric: true, measure: "warning" },
      { name: "Breach", numeric: true, measure: "breach" },
      { name: "Room", numeric: true, measure: "room" },
    ],
    rows: newest.map((each) => [
      each.as_of,
      stateText(each.state),
      each.value === null ? (each.reason ?? "–") : levelText(each.value, limit),
      memberText(report, limit.measure, each.member) || "the portfolio",
      levelText(each.warning, limit),
      levelText(each.breach, limit),
      levelText(each.room, limit),
    ]),
  };
  const close = (
    <button type="button" class="quiet close" onClick={() => go({ limit: undefined })}>
      Close
    </button>
  );
  if (!found.value || !newest.length) {
    return (
      <Panel title={`History of ${limit.name}`} wide>
        <p class="empty">
          {found.problem ?? (found.loading ? "Loading …" : "Its first session is the next one: a limit has no past.")}
        </p>
        {close}
      </Panel>
    );
  }
  return (
    <Panel
      title={`History of ${limit.name}`}
      note={`${found.value.total} ${found.value.total === 1 ? "session" : "sessions"} since it was set`}
      wide
      table={table}
    >
      <Chart label={`${limit.name} by session, with its levels`} height={260} draw={draw} />
      <Contributors standing={limit.worst} />
      {found.value.actions.length > 0 && (
        <DataTable
          label="What was done"
          columns={[{ name: "When" }, { name: "Done" }, { name: "From" }, { name: "Until" }, { name: "Why" }]}
          rows={found.value.actions.map((each) => [
            moment(each.recorded_at),
            words(each.kind),
            each.as_of,
            each.until ?? "until it is over",
            <span class="wrap">{each.reason}</span>,
          ])}
        />
      )}
      {close}
    </Panel>
  );
}

/** What the value is made of, where it is beyond a level. */
function Contributors({ standing }: { standing: LimitStanding | null }) {
  if (!standing?.contributors.length) return null;
  return (
    <p class="note">
      Largest parts: {standing.contributors.map((each) => `${instrument(each.name)} ${money(each.value, { whole: true })}`).join(", ")}
    </p>
  );
}

function picture(own: Colours, limit: LimitOut, oldest: LimitStanding[], report: PortfolioReport) {
  const isShare = limit.unit === "share_of_nav";
  const written = (value: number) =>
    isShare ? percent(value) : limit.measure_unit.startsWith("USD") ? money(value, { compact: true }) : number(value, 4);
  // An absolute value is compared with the levels: both signs of them are drawn.
  const level = (of: (each: LimitStanding) => number | null, sign: number) =>
    oldest.map((each) => {
      const value = of(each);
      return value === null ? null : value * sign;
    });
  const line = (name: string, data: Array<number | null>, color: string, type: "solid" | "dashed" | "dotted") => ({
    type: "line" as const,
    name,
    data,
    showSymbol: oldest.length < 3,
    step: type === "solid" ? undefined : ("end" as const),
    lineStyle: { color, type, width: type === "solid" ? 2 : 1.4 },
    itemStyle: { color },
  });
  const isBothWays = limit.direction === "outside" && oldest.some((each) => (each.value ?? 0) < 0);
  const signs = isBothWays ? [1, -1] : [1];
  return {
    tooltip: {
      ...tooltip(own, "axis"),
      formatter: (points: Array<{ dataIndex: number }>) => {
        const each = oldest[points[0]?.dataIndex ?? 0];
        if (!each) return "";
        return [
          each.as_of,
          `${stateText(each.state)}: ${each.value === null ? (each.reason ?? "not measured") : written(each.value)}`,
          each.member ? memberText(report, limit.measure, each.member) : "",
          `Breach level ${written(each.breach)}`,
        ]
          .filter(Boolean)
          .join("\n");
      },
    },
    legend: { top: 0, textStyle: { color: own.text } },
    grid: { left: 64, right: 16, top: 32, bottom: 28 },
    xAxis: days(
      own,
      oldest.map((each) => each.as_of),
    ),
    yAxis: {
      type: "value" as const,
      scale: true,
      axisLabel: { color: own.dim, formatter: written },
      splitLine: { lineStyle: { color: own.line } },
    },
    series: [
      line(
        "Value",
        oldest.map((each) => each.value),
        own.accent,
        "solid",
      ),
      ...signs.flatMap((sign) => [
        line("Warning", level((each) => each.warning, sign), own.dim, "dotted"),
        line("Breach", level((each) => each.breach, sign), own.loss, "dashed"),
      ]),
    ],
  };
}

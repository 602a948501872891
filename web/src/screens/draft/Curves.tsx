import { useCallback } from "preact/hooks";

import { evaluateDraftCurve } from "../../api/drafts";
import type { CurveReport, DraftCurves, DraftWithTrades } from "../../api/types";
import { money, shock } from "../../format";
import { Chart, type Colours } from "../../parts/Chart";
import { Panel } from "../../parts/Panel";
import { dollars, tooltip } from "../../parts/options";
import { go, useAddress } from "../../state/address";
import { useLoaded } from "../../state/loading";

const LINES = {
  pnl: "P&L",
  dollar_delta: "Dollar delta",
  dollar_gamma_1pct: "Gamma, 1 %",
  dollar_theta_1d: "Theta, 1 day",
  dollar_vega_1pt: "Vega, 1 point",
} as const;
type Line = keyof typeof LINES;
const DAYS = [0, 30];
const WHOLE = "the whole portfolio";

/** The portfolio and the draft repriced along the same moves of spot, in one picture. */
export function Curves({ draft, turn }: { draft: DraftWithTrades; turn: number }) {
  const { underlying, line } = useAddress();
  const traded = [...new Set(draft.trades.flatMap((trade) => trade.legs.map((leg) => leg.underlying)))].sort();
  const of = underlying && traded.includes(underlying) ? underlying : null;
  const shown: Line = line !== undefined && line in LINES ? (line as Line) : "pnl";
  const found = useLoaded<DraftCurves>(
    `${draft.draft_id} ${of}`,
    () =>
      evaluateDraftCurve(draft.draft_id, { underlying: of, days_forward: DAYS }),
    turn,
  );
  const choices = (
    <div class="toolbar">
      <label>
        Of{" "}
        <select value={of ?? ""} onChange={(event) => go({ underlying: event.currentTarget.value })}>
          <option value="">{WHOLE}</option>
          {traded.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <label>
        Curve of{" "}
        <select value={shown} onChange={(event) => go({ line: event.currentTarget.value })}>
          {Object.entries(LINES).map(([id, name]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
  if (!found.value) {
    return (
      <Panel title="Curves before and after" wide>
        {choices}
        <p class="empty">{found.problem ?? "Loading …"}</p>
      </Panel>
    );
  }
  return <Overlaid curves={found.value} line={shown} choices={choices} />;
}

interface OverlaidProps {
  curves: DraftCurves;
  line: Line;
  choices: preact.JSX.Element;
}

interface Drawn {
  name: string;
  when: string;
  values: number[];
  isAfter: boolean;
  days: number;
}

function linesOf(curves: DraftCurves, line: Line): Drawn[] {
  const of = (curve: CurveReport | null, name: string, isAfter: boolean) =>
    (curve?.dates ?? []).map((date) => ({
      name,
      when: date.days_forward ? `in ${date.days_forward} days` : "today",
      values: date[line],
      isAfter,
      days: date.days_forward,
    }));
  return [...of(curves.before, "Before", false), ...of(curves.after, "After", true)];
}

function Overlaid({ curves, line, choices }: OverlaidProps) {
  const drawn = linesOf(curves, line);
  const about = curves.after ?? curves.before;
  const spots = about?.spots ?? [];
  const draw = useCallback((own: Colours) => picture(own, spots, linesOf(curves, line)), [curves, line]);
  const moved = about?.underlying ?? (about?.spot_mode === "beta_weighted" ? "SPY, each name by its beta" : "all names alike");
  return (
    <Panel
      title="Curves before and after"
      note={`${LINES[line]} against a move of ${moved}`}
      wide
      table={{
        columns: [
          { name: "Spot" },
          ...drawn.map((each) => ({ name: `${each.name}, ${each.when}`, numeric: true, measure: line })),
        ],
        rows: spots.map((spot, place) => [
          shock(spot) || "0%",
          ...drawn.map((each) => money(each.values[place], { plus: true })),
        ]),
      }}
    >
      {choices}
      <Chart label={`${LINES[line]} by move of spot, before and after the trades`} height={340} draw={draw} />
      {curves.reason && <p class="note">{curves.reason}</p>}
      {(about?.warnings ?? []).map((each) => (
        <p key={each.message} class="note">
          {each.message}
        </p>
      ))}
    </Panel>
  );
}

function picture(own: Colours, spots: number[], drawn: Drawn[]) {
  return {
    tooltip: {
      ...tooltip(own, "axis"),
      formatter: (points: Array<{ dataIndex: number }>) => {
        const place = points[0]?.dataIndex ?? 0;
        return [
          `Spot ${shock(spots[place] ?? 0) || "0%"}`,
          ...drawn.map((each) => `${each.name}, ${each.when}: ${money(each.values[place], { plus: true, whole: true })}`),
        ].join("\n");
      },
    },
    legend: { top: 0, textStyle: { color: own.text } },
    grid: { left: 64, right: 16, top: 36, bottom: 28 },
    xAxis: {
      type: "category" as const,
      data: spots.map((spot) => shock(spot) || "0%"),
      axisLabel: { color: own.dim, hideOverlap: true },
      axisLine: { lineStyle: { color: own.line } },
      axisTick: { show: false },
    },
    yAxis: dollars(own),
    series: drawn.map((each) => ({
      type: "line" as const,
      name: `${each.name}, ${each.when}`,
      data: each.values,
      showSymbol: false,
      // Before is grey, after in colour; a later day is dashed.
      lineStyle: {
        color: each.isAfter ? own.accent : own.dim,
        type: each.days ? ("dashed" as const) : ("solid" as const),
        width: each.isAfter ? 2.4 : 1.6,
      },
      itemStyle: { color: each.isAfter ? own.accent : own.dim },
    })),
  };
}

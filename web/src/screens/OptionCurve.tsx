import { useCallback } from "preact/hooks";

import type { CurveOnDate, CurveReport, DayBand } from "../api/types";
import { fixed, money, shock } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { Panel } from "../parts/Panel";
import { Part } from "../parts/Part";
import { dollars, tooltip } from "../parts/options";

export const LINES = {
  pnl: "P&L",
  dollar_delta: "Dollar delta",
  dollar_gamma_1pct: "Gamma, 1 %",
  dollar_theta_1d: "Theta, 1 day",
  dollar_vega_1pt: "Vega, 1 point",
} as const;
export type Line = keyof typeof LINES;
const DASHES = ["dashed", "dotted"] as const;

export function isLine(line: string | undefined): line is Line {
  return line !== undefined && line in LINES;
}

export function moved(report: { underlying: string | null; spot_mode: string }): string {
  if (report.underlying) return report.underlying;
  return report.spot_mode === "beta_weighted" ? "SPY, names by beta" : "all names alike";
}

export function ahead(date: { days_forward: number; until: string }): string {
  return date.days_forward ? `in ${date.days_forward} days` : date.until;
}

/** One line of the picture: a date at a volatility. */
interface Drawn {
  name: string;
  values: number[];
  style: "chosen" | "other" | "volatility";
}

interface Props {
  curve: CurveReport;
  line: Line;
  /** The date whose line is strong, and is drawn at other volatilities too. */
  day: number;
}

export function OptionCurve({ curve, line, day }: Props) {
  const drawn = linesOf(curve, line, day);
  const draw = useCallback((own: Colours) => picture(own, curve, line, day), [curve, line, day]);
  const prices = curve.dates.find((each) => each.days_forward === day)?.underlying_prices;
  const columns = [
    { name: "Spot" },
    ...(prices ? [{ name: "Price", numeric: true, measure: "underlying_price" }] : []),
    ...drawn.map(({ name }) => ({ name, numeric: true, measure: line })),
  ];
  const rows = curve.spots.map((spot, place) => [
    shock(spot) || "0%",
    ...(prices ? [fixed(prices[place], 2)] : []),
    ...drawn.map(({ values }) => money(values[place], { plus: true })),
  ]);
  return (
    <Panel title={`${LINES[line]} by spot`} note={`of ${moved(curve)}`} table={{ columns, rows }}>
      <Chart label={`${LINES[line]} by move of spot on several dates`} height={340} draw={draw} />
      <Day curve={curve} />
      <BreakEvens dates={curve.dates} />
    </Panel>
  );
}

function linesOf(curve: CurveReport, line: Line, day: number): Drawn[] {
  const dates = curve.dates.map((each) => ({
    name: ahead(each),
    values: each[line],
    style: each.days_forward === day ? ("chosen" as const) : ("other" as const),
  }));
  const others = curve.others.flatMap((other) =>
    other.dates
      .filter((each) => each.days_forward === day)
      .map((each) => ({
        name: `volatility ${shock(other.volatility_shock)}`,
        values: each[line],
        style: "volatility" as const,
      })),
  );
  return [...dates, ...others];
}

const widest = (curve: CurveReport): DayBand | undefined => curve.day.bands.at(-1);

/** How far one day goes: the shaded part of the picture, in words. */
function Day({ curve }: { curve: CurveReport }) {
  const band = widest(curve);
  if (!band) return null;
  const { mover, observations, left_out: left } = curve.day;
  const of = `${curve.underlying ?? "the whole portfolio"}, one day`;
  const usd = (value: number | null) => money(value, { whole: true });
  const move = (value: number | null) => (value === null ? "–" : shock(value));
  return (
    <dl class="facts line">
      <div>
        <dt>VaR {band.confidence} %</dt>
        <dd>
          <Part measure="value_at_risk" about={of} amount={usd(band.value_at_risk)} />
        </dd>
      </div>
      <div>
        <dt>Shortfall {band.confidence} %</dt>
        <dd>
          <Part measure="expected_shortfall" about={of} amount={usd(band.expected_shortfall)} />
        </dd>
      </div>
      {mover && (
        <div>
          <dt>
            {mover} on {band.confidence * 2 - 100} of 100 days
          </dt>
          <dd>
            <Part measure="move_down" about={`${mover}, one day`} amount={move(band.move_down)} /> to{" "}
            <Part measure="move_up" about={`${mover}, one day`} amount={move(band.move_up)} />
          </dd>
        </div>
      )}
      <div>
        <dt>Of</dt>
        <dd>
          {observations} sessions{left.length > 0 && `, without ${left.join(", ")}`}
        </dd>
      </div>
    </dl>
  );
}

/** Where P&L is zero; that it is zero where nothing moved and no time passed goes without saying. */
function BreakEvens({ dates }: { dates: CurveOnDate[] }) {
  const known = dates
    .map((each) => ({ ...each, moves: each.break_evens.map(shock).filter((move) => move !== "0%") }))
    .filter((each) => each.moves.length);
  if (!known.length) return null;
  const texts = known.map((each) => `${each.days_forward ? "" : "on "}${ahead(each)} at ${each.moves.join(", ")}`);
  return <p class="note">P&L is zero {texts.join("; ")}</p>;
}

function picture(own: Colours, curve: CurveReport, line: Line, day: number) {
  const drawn = linesOf(curve, line, day);
  const band = widest(curve);
  return {
    tooltip: {
      ...tooltip(own, "axis"),
      formatter: (points: Array<{ dataIndex: number }>) => {
        const place = points[0]?.dataIndex ?? 0;
        const texts = drawn.map(({ name, values }) => `${name}: ${money(values[place], { plus: true })}`);
        return [`spot ${shock(curve.spots[place] ?? 0)}`, ...texts].join("\n");
      },
    },
    legend: {
      data: drawn.map(({ name }) => name),
      textStyle: { color: own.dim },
      itemWidth: 28,
      itemStyle: { opacity: 0 },
      top: 0,
      left: 0,
    },
    grid: { left: 72, right: 16, top: 52, bottom: 28 },
    xAxis: {
      type: "value" as const,
      min: curve.spots[0],
      max: curve.spots.at(-1),
      axisLabel: { color: own.dim, formatter: (value: number) => shock(value) },
      splitLine: { show: false },
      axisLine: { lineStyle: { color: own.line } },
    },
    yAxis: { ...dollars(own), scale: line !== "pnl", axisLine: { show: false }, axisTick: { show: false } },
    series: drawn.map(({ name, values, style }, place) => ({
      type: "line" as const,
      name,
      showSymbol: false,
      lineStyle: stroke(own, style, place),
      itemStyle: { color: style === "volatility" ? own.text : own.accent },
      data: curve.spots.map((spot, number) => [spot, values[number]]),
      ...(place === 0 && band ? marks(own, band, line) : {}),
    })),
  };
}

function stroke(own: Colours, style: Drawn["style"], place: number) {
  if (style === "chosen") return { color: own.accent, width: 2.5, type: "solid" as const };
  if (style === "other") return { color: own.accent, width: 1.5, type: DASHES[place % 2] };
  return { color: own.text, width: 1.2, type: place % 2 ? [10, 4] : [2, 4] };
}

/** The moves of 98 of 100 days, shaded; and the loss of the VaR, where the axis is P&L. */
function marks(own: Colours, band: DayBand, line: Line) {
  const area =
    band.move_down === null || band.move_up === null
      ? {}
      : {
          markArea: {
            silent: true,
            itemStyle: { color: own.accent, opacity: 0.1 },
            data: [[{ xAxis: band.move_down }, { xAxis: band.move_up }]],
          },
        };
  const level =
    line !== "pnl" || band.value_at_risk === null
      ? {}
      : {
          markLine: {
            silent: true,
            symbol: "none",
            lineStyle: { color: own.loss, type: "dashed" as const },
            label: { color: own.loss, position: "insideStartTop" as const, formatter: `VaR ${band.confidence} %` },
            data: [{ yAxis: -band.value_at_risk }],
          },
        };
  return { ...area, ...level };
}

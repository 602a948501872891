import { useCallback } from "preact/hooks";

import type { PositionHistory, PositionPoint } from "../../api/types";
import { fixed, inUnit, money, number, percent, sentence } from "../../format";
import { Chart, type Colours } from "../../parts/Chart";
import { days, tooltip } from "../../parts/options";
import { Panel } from "../../parts/Panel";
import { go, useAddress } from "../../state/address";

interface Measure {
  name: string;
  unit: string;
  of: (point: PositionPoint) => number | null | undefined;
  option?: true;
}

const MEASURES: Record<string, Measure> = {
  market_value: { name: "Market value", unit: "USD", of: (point) => point.market_value },
  price: { name: "Price", unit: "USD", of: (point) => point.price },
  quantity: { name: "Quantity", unit: "shares", of: (point) => point.quantity },
  unrealised_pnl: { name: "Unrealised P&L", unit: "USD", of: (point) => point.unrealised_pnl },
  delta_adjusted_exposure: { name: "Dollar delta", unit: "USD", of: (point) => point.delta_adjusted_exposure },
  component_var: { name: "Component VaR", unit: "USD", of: (point) => point.component_var },
  volatility: { name: "Volatility", unit: "decimal", of: (point) => point.volatility, option: true },
  delta: { name: "Delta per share", unit: "ratio", of: (point) => point.delta, option: true },
  dollar_gamma_1pct: { name: "Dollar gamma", unit: "USD", of: (point) => point.dollar_gamma_1pct, option: true },
  theta: { name: "Theta, 1 day", unit: "USD", of: (point) => point.greeks?.theta, option: true },
  vega: { name: "Vega, 1 point", unit: "USD", of: (point) => point.greeks?.vega, option: true },
};

interface Props {
  history: PositionHistory | null;
  problem: string | null;
  isOption: boolean;
}

/** A measure of the position by session, over its P&L of each day. */
export function History({ history, problem, isOption }: Props) {
  const { measure: wanted = "market_value" } = useAddress();
  const chosen = MEASURES[wanted] && (isOption || !MEASURES[wanted]?.option) ? wanted : "market_value";
  const measure = MEASURES[chosen] as Measure;
  const points = history?.items ?? [];
  const draw = useCallback((own: Colours) => picture(own, points, measure), [history, chosen]);
  if (problem) return <p role="alert">{problem}</p>;
  if (!history) return <p class="empty">Loading …</p>;
  if (!points.length) return <p class="empty">{sentence(history.reason ?? "It was never valued")}</p>;
  return (
    <>
      <label class="measure">
        Measure{" "}
        <select value={chosen} onChange={(event) => go({ measure: event.currentTarget.value }, true)}>
          {Object.entries(MEASURES).map(
            ([id, each]) =>
              (isOption || !each.option) && (
                <option key={id} value={id}>
                  {each.name}
                </option>
              ),
          )}
        </select>
      </label>
      <Panel
        title="By session"
        note={points.length === 1 ? "1 session" : `${points.length} sessions`}
        table={{ columns: COLUMNS, rows: points.map(rowOf).toReversed() }}
      >
        <Chart label={`${measure.name} and daily P&L by session`} height={300} draw={draw} />
      </Panel>
    </>
  );
}

const COLUMNS = [
  { name: "Session" },
  { name: "Quantity", numeric: true, measure: "quantity" },
  { name: "Price", numeric: true, measure: "price" },
  { name: "Market value", numeric: true, measure: "market_value" },
  { name: "Day P&L", numeric: true, measure: "daily_pnl" },
  { name: "Unrealised", numeric: true, measure: "unrealised_pnl" },
  { name: "Dollar delta", numeric: true, measure: "delta_adjusted_exposure" },
  { name: "Component VaR", numeric: true, measure: "component_var" },
  { name: "Volatility", numeric: true, measure: "volatility" },
  { name: "Delta", numeric: true, measure: "delta" },
  { name: "" },
];

function rowOf(point: PositionPoint): string[] {
  return [
    point.as_of,
    number(point.quantity),
    money(point.price),
    money(point.market_value),
    money(point.daily_pnl, { plus: true }),
    money(point.unrealised_pnl, { plus: true }),
    money(point.delta_adjusted_exposure),
    money(point.component_var),
    percent(point.volatility),
    fixed(point.delta, 4),
    point.state === "closed" ? "closed" : point.stale ? "price carried forward" : (point.reason ?? ""),
  ];
}

function picture(own: Colours, points: PositionPoint[], measure: Measure) {
  const dates = points.map((point) => point.as_of);
  const values = points.map((point) => measure.of(point) ?? null);
  const axis = {
    type: "value" as const,
    axisLabel: { color: own.dim, formatter: (value: number) => inUnit(value, measure.unit, { compact: true }) },
    splitLine: { lineStyle: { color: own.line } },
  };
  return {
    tooltip: {
      ...tooltip(own, "axis"),
      formatter: (shown: Array<{ dataIndex: number }>) => {
        const place = shown[0]?.dataIndex ?? 0;
        const pnl = money(points[place]?.daily_pnl, { plus: true });
        return `${dates[place]}\n${measure.name} ${inUnit(values[place], measure.unit)}\nP&L ${pnl}`;
      },
    },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: [
      { left: 68, right: 12, top: 12, height: 160 },
      { left: 68, right: 12, top: 196, height: 72 },
    ],
    xAxis: [
      { ...days(own, dates), gridIndex: 0, axisLabel: { show: false } },
      { ...days(own, dates), gridIndex: 1 },
    ],
    yAxis: [
      { ...axis, gridIndex: 0, scale: true },
      {
        ...axis,
        gridIndex: 1,
        splitNumber: 2,
        axisLabel: { color: own.dim, formatter: (value: number) => money(value, { compact: true }) },
      },
    ],
    series: [
      {
        type: "line",
        name: measure.name,
        xAxisIndex: 0,
        yAxisIndex: 0,
        showSymbol: points.length === 1,
        lineStyle: { color: own.accent, width: 2 },
        itemStyle: { color: own.accent },
        data: values,
      },
      {
        type: "bar",
        name: "P&L",
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: points.map((point) => ({
          value: point.daily_pnl,
          itemStyle: { color: (point.daily_pnl ?? 0) < 0 ? own.loss : own.gain },
        })),
      },
    ],
  };
}

import { useCallback } from "preact/hooks";

import type { PairHistory, PairPoint } from "../api/types";
import { fixed, number, sentence, words } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { Panel } from "../parts/Panel";
import { days, tooltip } from "../parts/options";
import { go } from "../state/address";
import type { Loaded } from "../state/loading";

interface Props {
  wide: boolean;
  pair: [string, string];
  symbols: string[];
  loaded: Loaded<PairHistory>;
}

/** One pair's correlation, as every stored calculation found it. */
export function History({ pair: [one, other], symbols, loaded, wide }: Props) {
  const history = loaded.value;
  const items = history?.items ?? [];
  const draw = useCallback((own: Colours) => picture(own, items), [history]);
  const rows = items
    .map((each) => [
      each.as_of,
      fixed(each.correlation, 3, true),
      number(each.observations, 0),
      number(each.lookback, 0),
      each.reason ?? words(each.quality),
    ])
    .toReversed();
  const columns = [
    { name: "Session" },
    { name: "Correlation", numeric: true, measure: "correlation" },
    { name: "Common returns", numeric: true, measure: "observations" },
    { name: "Window", numeric: true },
    { name: "" },
  ];
  const select = (label: string, value: string, without: string, choose: (symbol: string) => void) => (
    <label>
      {label}{" "}
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {symbols
          .filter((each) => each !== without)
          .map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
      </select>
    </label>
  );
  return (
    <Panel title={`${one} and ${other} over time`} wide={wide} note={`${items.length} calculations`} table={{ columns, rows }}>
      <div class="toolbar">
        {select("First", one, other, (symbol) => go({ pair: `${symbol},${other}` }))}
        {select("Second", other, one, (symbol) => go({ pair: `${one},${symbol}` }))}
      </div>
      {loaded.problem && <p role="alert">{loaded.problem}</p>}
      {!history && !loaded.problem && <p class="empty">Loading …</p>}
      {history && !items.length && <p class="empty">{sentence(history.reason ?? "No correlation is stored")}</p>}
      {items.length > 0 && <Chart label={`Correlation of ${one} and ${other} over sessions`} height={240} draw={draw} />}
    </Panel>
  );
}

function picture(own: Colours, items: PairPoint[]) {
  return {
    tooltip: {
      ...tooltip(own, "axis"),
      formatter: (points: Array<{ dataIndex: number }>) => {
        const item = items[points[0]?.dataIndex ?? 0];
        return item ? `${item.as_of}\n${fixed(item.correlation, 3, true)} of ${item.observations} returns` : "";
      },
    },
    grid: { left: 48, right: 12, top: 10, bottom: 28 },
    xAxis: days(own, items.map((each) => each.as_of)),
    yAxis: {
      type: "value" as const,
      min: -1,
      max: 1,
      axisLabel: { color: own.dim, formatter: (value: number) => fixed(value, 1, true) },
      splitLine: { lineStyle: { color: own.line } },
    },
    series: [
      {
        type: "line",
        data: items.map((each) => each.correlation),
        showSymbol: items.length < 40,
        lineStyle: { color: own.accent, width: 1.5 },
        itemStyle: { color: own.accent },
      },
    ],
  };
}

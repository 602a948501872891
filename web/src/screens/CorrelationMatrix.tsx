import { useCallback } from "preact/hooks";

import type { CorrelationMatrix } from "../api/types";
import { fixed } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { Panel } from "../parts/Panel";
import { tooltip } from "../parts/options";
import { useNarrow } from "../state/width";

interface Props {
  wide: boolean;
  matrix: CorrelationMatrix;
  /** The symbols as they are drawn. */
  order: string[];
  chosen: [string, string] | null;
  onChoose: (one: string, other: string) => void;
}

const NUMBERS_UP_TO = 26;
const READABLE = 8; // symbols up to which a phone has room for the picture
const STRONG = 0.6; // from here on a cell's colour is dark on light, or light on dark

/** Correlations by colour and number, clusters side by side. */
export function Matrix({ matrix, order, chosen, onChoose, wide }: Props) {
  const places = new Map(matrix.symbols.map((each, place) => [each.symbol, place]));
  const of = (one: string, other: string) =>
    matrix.correlations[places.get(one) ?? -1]?.[places.get(other) ?? -1] ?? null;
  const draw = useCallback((own: Colours) => picture(own, order, of, chosen), [matrix, order.join(" "), chosen?.join(" ")]);
  const table = {
    columns: [{ name: "Symbol" }, ...order.map((name) => ({ name, numeric: true, measure: "correlation" }))],
    rows: order.map((one) => [one, ...order.map((other) => fixed(of(one, other), 2, true))]),
  };
  const narrow = useNarrow() && order.length > READABLE;
  const left = matrix.total - matrix.symbols.length;
  return (
    <Panel
      title="Correlation matrix"
      wide={wide}
      note={left > 0 ? `the largest ${matrix.symbols.length} of ${matrix.total}` : "clusters side by side; a cell shows its history"}
      table={table}
    >
      {narrow ? (
        <Cells order={order} of={of} chosen={chosen} onChoose={onChoose} />
      ) : (
        <Chart
          label="Correlations, clusters side by side"
          height={Math.min(Math.max(260, 100 + order.length * 26), 820)}
          draw={draw}
          onPick={(name) => {
            const [one = "", other = ""] = name.split(" ");
            if (one !== other && other) onChoose(one, other);
          }}
        />
      )}
    </Panel>
  );
}

type CellsProps = Pick<Props, "order" | "chosen" | "onChoose"> & {
  of: (one: string, other: string) => number | null;
};

/** The same where the picture has no room for readable cells: it scrolls, its names stay. */
function Cells({ order, of, chosen, onChoose }: CellsProps) {
  const isChosen = (one: string, other: string) => one !== other && chosen?.includes(one) && chosen.includes(other);
  return (
    <div class="scroll matrix" tabIndex={0} role="region" aria-label="Correlations, clusters side by side">
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Symbol</span>
            </th>
            {order.map((other) => (
              <th key={other} scope="col">
                {other}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {order.map((one) => (
            <tr key={one}>
              <th scope="row">{one}</th>
              {order.map((other) => {
                const value = of(one, other);
                return (
                  <td key={other} style={shade(value)} class={isChosen(one, other) ? "chosen" : undefined}>
                    {one === other ? (
                      "1"
                    ) : (
                      <button type="button" aria-label={`${one} and ${other}: ${fixed(value, 2, true)}`} onClick={() => onChoose(one, other)}>
                        {fixed(value, 2).replace("0.", ".")}
                      </button>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const STRONGEST = 55;

/** The picture's colours, so weak that the text on them stays readable. */
function shade(value: number | null) {
  const strength = Math.round(STRONGEST * Math.abs(value ?? 0));
  const colour = (value ?? 0) < 0 ? "var(--warn)" : "var(--accent)";
  return strength ? { background: `color-mix(in srgb, ${colour} ${strength}%, var(--panel))` } : {};
}

function picture(
  own: Colours,
  order: string[],
  of: (one: string, other: string) => number | null,
  chosen: [string, string] | null,
) {
  const numbers = order.length <= NUMBERS_UP_TO;
  const isChosen = (one: string, other: string) =>
    one !== other && chosen !== null && chosen.includes(one) && chosen.includes(other);
  const cells = order.flatMap((one, row) =>
    order.map((other, column) => {
      const value = of(one, other);
      return {
        name: `${one} ${other}`,
        value: [column, row, value],
        label: { color: Math.abs(value ?? 0) > STRONG ? own.panel : own.text },
        chosen: isChosen(one, other),
        ...(isChosen(one, other) ? { itemStyle: { borderColor: own.text, borderWidth: 2 } } : {}),
      };
    }),
  );
  const names = {
    type: "category" as const,
    data: order,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: own.dim, interval: 0, fontSize: 11 },
  };
  return {
    tooltip: {
      ...tooltip(own, "item"),
      formatter: ({ value }: { value: [number, number, number | null] }) =>
        `${order[value[1]]} and ${order[value[0]]}\n${fixed(value[2], 3, true)}`,
    },
    grid: { left: 64, right: 8, top: 8, bottom: 84 },
    xAxis: { ...names, axisLabel: { ...names.axisLabel, rotate: 60 } },
    yAxis: { ...names, inverse: true },
    visualMap: {
      type: "continuous" as const,
      min: -1,
      max: 1,
      orient: "horizontal" as const,
      left: "center",
      bottom: 0,
      itemHeight: 160,
      itemWidth: 10,
      text: ["+1 together", "−1 against"],
      textStyle: { color: own.dim },
      inRange: { color: [own.warn, own.panel, own.accent] },
    },
    series: [
      {
        type: "heatmap",
        // What is drawn last is not covered by its neighbours.
        data: cells.toSorted((a, b) => Number(a.chosen) - Number(b.chosen)),
        label: {
          show: numbers,
          fontSize: 11,
          formatter: ({ value }: { value: [number, number, number | null] }) => fixed(value[2], 2).replace("0.", "."),
        },
        itemStyle: { borderColor: own.panel, borderWidth: 1 },
        emphasis: { itemStyle: { borderColor: own.text, borderWidth: 1 } },
      },
    ],
  };
}

import { useCallback, useState } from "preact/hooks";

import type { ComponentOut, ValuedPosition } from "../api/types";
import { instrument, money, percent } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { Panel } from "../parts/Panel";
import { tooltip } from "../parts/options";
import { go } from "../state/address";

interface Props {
  positions: ValuedPosition[];
  components: ComponentOut[];
}

type Colouring = "pnl" | "risk";

/**
 * Long and short apart, by sector and position; an area is the size of a delta-adjusted exposure, so
 * that they make the gross, and what gains when its underlying falls is short.
 */
export function Exposure({ positions, components }: Props) {
  const [by, setBy] = useState<Colouring>("pnl");
  const draw = useCallback((own: Colours) => picture(own, positions, components, by), [positions, components, by]);
  const rows = positions.map((each) => [
    instrument(each.symbol),
    each.sector ?? "no sector",
    money(each.delta_adjusted_exposure),
    money(each.daily_pnl, { plus: true }),
    percent(components.find((part) => part.position_id === each.position_id)?.share),
  ]);
  const columns = [
    { name: "Position" },
    { name: "Sector" },
    { name: "Delta-adjusted", numeric: true, measure: "delta_adjusted_exposure" },
    { name: "P&L of the day", numeric: true, measure: "daily_pnl" },
    { name: "Share of VaR", numeric: true, measure: "share" },
  ];
  return (
    <Panel title="Exposure by sector" note="area: delta-adjusted exposure" table={{ columns, rows }}>
      <div class="choice" role="group" aria-label="Colour">
        <button type="button" aria-pressed={by === "pnl"} onClick={() => setBy("pnl")}>
          P&L of the day
        </button>
        <button type="button" aria-pressed={by === "risk"} onClick={() => setBy("risk")}>
          Share of risk
        </button>
      </div>
      <Chart
        label="Positions by sector, long and short"
        height={392}
        draw={draw}
        onPick={(name) => {
          const picked = positions.find((each) => instrument(each.symbol) === name);
          if (picked) go({ screen: "positions", filter: picked.symbol });
        }}
      />
    </Panel>
  );
}

function picture(own: Colours, positions: ValuedPosition[], components: ComponentOut[], by: Colouring) {
  const shares = new Map(components.map((each) => [each.position_id, each.share]));
  const colouring = (each: ValuedPosition) =>
    (by === "pnl" ? each.daily_pnl : shares.get(each.position_id)) ?? 0;
  const most = Math.max(...positions.map((each) => Math.abs(colouring(each))), 1e-9);
  const sides = [
    { name: "Long", held: positions.filter((each) => (each.delta_adjusted_exposure ?? 0) > 0) },
    { name: "Short", held: positions.filter((each) => (each.delta_adjusted_exposure ?? 0) < 0) },
  ];
  const leaf = (each: ValuedPosition) => ({
    name: instrument(each.symbol),
    value: Math.abs(each.delta_adjusted_exposure ?? 0),
    note: `${money(each.delta_adjusted_exposure)}, ${by === "pnl" ? `P&L ${money(each.daily_pnl, { plus: true })}` : `share of VaR ${percent(shares.get(each.position_id))}`}`,
    itemStyle: { color: shade(own, colouring(each) / most, by) },
  });
  return {
    tooltip: {
      ...tooltip(own, "item"),
      formatter: (info: { name: string; data?: { note?: string } }) =>
        info.data?.note ? `${info.name}\n${info.data.note}` : info.name,
    },
    series: [
      {
        type: "treemap",
        roam: false,
        nodeClick: false,
        breadcrumb: { show: false },
        left: 0,
        right: 0,
        top: 0,
        bottom: 0,
        label: { color: own.text, fontSize: 12, overflow: "truncate" },
        upperLabel: { show: true, height: 18, color: own.text, fontSize: 11 },
        itemStyle: { borderColor: own.panel, borderWidth: 1, gapWidth: 1 },
        levels: [
          { itemStyle: { borderColor: own.panel, borderWidth: 0, gapWidth: 6 }, upperLabel: { show: false } },
          { itemStyle: { borderColor: own.panel, borderWidth: 3, gapWidth: 2 }, upperLabel: { color: own.text, fontWeight: "bold" } },
          { itemStyle: { borderColor: mix(own.line, own.panel, 60), borderWidth: 2, gapWidth: 1 } },
        ],
        data: sides
          .filter((side) => side.held.length)
          .map((side) => ({
            name: side.name,
            children: bySector(side.held).map(([sector, held]) => ({ name: sector, children: held.map(leaf) })),
          })),
      },
    ],
  };
}

function bySector(held: ValuedPosition[]): Array<[string, ValuedPosition[]]> {
  const groups = new Map<string, ValuedPosition[]>();
  for (const each of held) {
    const sector = each.sector ?? "No sector";
    groups.set(sector, [...(groups.get(sector) ?? []), each]);
  }
  return [...groups];
}

/** A stronger colour for a larger part; risk has one colour, and its opposite for a hedge. */
function shade(own: Colours, part: number, by: Colouring): string {
  const strength = Math.round(18 + 62 * Math.sqrt(Math.min(Math.abs(part), 1)));
  const negative = by === "pnl" ? own.loss : own.gain;
  const positive = by === "pnl" ? own.gain : own.accent;
  if (!part) return own.neutral;
  return mix(part < 0 ? negative : positive, own.panel, strength);
}

/** A canvas takes no `color-mix`, so two colours (`#rgb` or `#rrggbb`) are mixed here. */
function mix(colour: string, ground: string, strength: number): string {
  const own = channels(colour);
  const mixed = channels(ground).map((each, place) => ((own[place] ?? 0) * strength + each * (100 - strength)) / 100);
  return `rgb(${mixed.map(Math.round).join(", ")})`;
}

function channels(colour: string): number[] {
  const digits = colour.length === 4 ? colour.replace(/[^#]/g, "$&$&") : colour;
  return [1, 3, 5].map((place) => Number.parseInt(digits.slice(place, place + 2), 16));
}

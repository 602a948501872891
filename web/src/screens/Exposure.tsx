import { useCallback, useMemo, useState } from "preact/hooks";

import type { ComponentOut, ValuedPosition } from "../api/types";
import { instrument, money, number, percent } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { legible, mix } from "../parts/colour";
import { Panel } from "../parts/Panel";
import { tooltip } from "../parts/options";
import { go } from "../state/address";

interface Props {
  positions: ValuedPosition[];
  components: ComponentOut[];
}

type Colouring = "pnl" | "risk";
/** Of more positions than this an area is an underlying: thousands would be too small to be read. */
const AREAS = 60;
/** Of the whole: in a smaller area a number would be cut, and its sign is written alone. */
const ROOM_FOR_NUMBER = 0.05;

/**
 * Long and short apart, by sector and position; an area is the size of a delta-adjusted exposure, so
 * that they make the gross, and what gains when its underlying falls is short.
 */
export function Exposure({ positions, components }: Props) {
  const [chosen, choose] = useState<Colouring | null>(null);
  // On a first session there is no P&L to show.
  const by = chosen ?? (positions.some((each) => each.daily_pnl !== null) ? "pnl" : "risk");
  const shares = useMemo(() => sharesOf(components), [components]);
  const draw = useCallback((own: Colours) => picture(own, positions, shares, by), [positions, shares, by]);
  const rows = positions.map((each) => [
    instrument(each.symbol),
    each.sector ?? "no sector",
    money(each.delta_adjusted_exposure),
    money(each.daily_pnl, { plus: true }),
    percent(shares.get(each.position_id)),
  ]);
  const columns = [
    { name: "Position" },
    { name: "Sector" },
    { name: "Delta-adjusted", numeric: true, measure: "delta_adjusted_exposure" },
    { name: "P&L of the day", numeric: true, measure: "daily_pnl" },
    { name: "Share of VaR", numeric: true, measure: "share" },
  ];
  if (!positions.length) {
    return (
      <Panel title="Exposure by sector">
        <p class="empty">No position is held on this session.</p>
      </Panel>
    );
  }
  return (
    <Panel title="Exposure by sector" note={noteOf(positions)} table={{ columns, rows }}>
      <div class="choice" role="group" aria-label="Colour">
        <button type="button" aria-pressed={by === "pnl"} onClick={() => choose("pnl")}>
          P&L of the day
        </button>
        <button type="button" aria-pressed={by === "risk"} onClick={() => choose("risk")}>
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
          else if (positions.some((each) => each.underlying === name)) go({ screen: "positions", filter: name });
        }}
      />
    </Panel>
  );
}

const sharesOf = (components: ComponentOut[]) => new Map(components.map((each) => [each.position_id, each.share]));

function noteOf(positions: ValuedPosition[]): string {
  return `area: delta-adjusted exposure${positions.length > AREAS ? ", by underlying" : ""}`;
}

/** What has an area of its own: a position, or all positions of a side in an underlying. */
interface Area {
  name: string;
  value: number;
  /** Its P&L or share of risk, as it is written; none where it is not one position's. */
  text?: string;
  /** What its colour says. */
  sign: string;
  note: string;
  itemStyle: { color: string };
  label: { color: string };
}

function picture(own: Colours, positions: ValuedPosition[], shares: Map<string, number | null>, by: Colouring) {
  const together = positions.length > AREAS;
  const amount = (each: ValuedPosition) => (by === "pnl" ? each.daily_pnl : shares.get(each.position_id)) ?? 0;
  const signed = (sign: number) => positions.filter((each) => (each.delta_adjusted_exposure ?? 0) * sign > 0);
  const sides = [
    { name: "Long", sectors: sectorsOf(signed(1), together) },
    { name: "Short", sectors: sectorsOf(signed(-1), together) },
  ];
  const areas = sides.flatMap((side) => side.sectors.flatMap((sector) => sector.areas));
  const most = Math.max(...areas.map((some) => Math.abs(sum(some, amount))), 1e-9);
  const area = (some: ValuedPosition[]): Area => {
    const whole = sum(some, amount);
    const color = shade(own, whole / most, by);
    const shown = {
      value: sum(some, sizeOf),
      sign: whole > 0 ? "▲" : whole < 0 ? "▼" : "",
      itemStyle: { color },
      label: { color: legible(color, own.text, own.panel) },
    };
    const [only] = some;
    if (some.length > 1 || !only) {
      return { ...shown, name: only?.underlying ?? "", note: `${number(some.length, 0)} positions` };
    }
    const text = by === "pnl" ? money(only.daily_pnl, { plus: true, compact: true }) : percent(shares.get(only.position_id));
    const note = `${money(only.delta_adjusted_exposure)}, ${by === "pnl" ? "P&L" : "share of VaR"} ${text}`;
    return { ...shown, name: instrument(only.symbol), text, note };
  };
  const data = sides.map(({ name, sectors }) => ({
    name,
    children: sectors.map((sector) => ({ name: sector.name, children: sector.areas.map(area) })),
  }));
  return {
    tooltip: {
      ...tooltip(own, "item"),
      formatter: ({ name, data: shown }: { name: string; data?: Partial<Area> }) => (shown?.note ? `${name}\n${shown.note}` : name),
    },
    series: [treemap(own, data.filter((side) => side.children.length), sum(positions, sizeOf))],
  };
}

const sizeOf = (each: ValuedPosition) => Math.abs(each.delta_adjusted_exposure ?? 0);
const sum = (some: ValuedPosition[], of: (each: ValuedPosition) => number) => some.reduce((total, each) => total + of(each), 0);

function treemap(own: Colours, data: object[], total: number) {
  return {
    type: "treemap",
    roam: false,
    nodeClick: false,
    breadcrumb: { show: false },
    left: 0,
    right: 0,
    top: 0,
    bottom: 0,
    label: {
      fontSize: 12,
      overflow: "truncate",
      ellipsis: "…",
      lineOverflow: "truncate",
      lineHeight: 15,
      formatter: ({ name, data: shown }: { name: string; data: Partial<Area> }) =>
        [name, ((shown.value ?? 0) > ROOM_FOR_NUMBER * total && shown.text) || shown.sign].filter(Boolean).join("\n"),
    },
    upperLabel: { show: true, height: 18, color: own.text, fontSize: 11 },
    itemStyle: { borderColor: own.panel, borderWidth: 1, gapWidth: 1 },
    levels: [
      { itemStyle: { borderColor: own.panel, borderWidth: 0, gapWidth: 6 }, upperLabel: { show: false } },
      { itemStyle: { borderColor: own.panel, borderWidth: 3, gapWidth: 2 }, upperLabel: { color: own.text, fontWeight: "bold" } },
      { itemStyle: { borderColor: mix(own.line, own.panel, 60), borderWidth: 2, gapWidth: 1 } },
    ],
    data,
  };
}

interface Sector {
  name: string;
  /** The positions of each area. */
  areas: ValuedPosition[][];
}

function sectorsOf(held: ValuedPosition[], together: boolean): Sector[] {
  return [...grouped(held, (each) => each.sector ?? "No sector")].map(([name, some]) => ({
    name,
    areas: together ? [...grouped(some, (each) => each.underlying).values()] : some.map((each) => [each]),
  }));
}

function grouped(held: ValuedPosition[], key: (each: ValuedPosition) => string): Map<string, ValuedPosition[]> {
  const groups = new Map<string, ValuedPosition[]>();
  for (const each of held) {
    const group = groups.get(key(each));
    if (group) group.push(each);
    else groups.set(key(each), [each]);
  }
  return groups;
}

/** A stronger colour for a larger part; risk has one colour, and its opposite for a hedge. */
function shade(own: Colours, part: number, by: Colouring): string {
  const strength = Math.round(18 + 62 * Math.sqrt(Math.min(Math.abs(part), 1)));
  const negative = by === "pnl" ? own.loss : own.gain;
  const positive = by === "pnl" ? own.gain : own.accent;
  if (!part) return own.neutral;
  return mix(part < 0 ? negative : positive, own.panel, strength);
}

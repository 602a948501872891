import type { ECharts } from "echarts/core";
import { useCallback, useMemo, useState } from "preact/hooks";

import type { ComponentOut, ValuedPosition } from "../api/types";
import { instrument, money, number, percent } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { legible, mix } from "../parts/colour";
import { fitting } from "../parts/fitting";
import { Panel } from "../parts/Panel";
import { tooltip } from "../parts/options";
import { go } from "../state/address";

interface Props {
  positions: ValuedPosition[];
  components: ComponentOut[];
}

type Colouring = "pnl" | "risk";
/** What sectors are called where there is no room for their names, which the tooltip and the table say. */
const SHORT: Record<string, string> = {
  "Basic Materials": "Materials",
  "Communication Services": "Comm.",
  "Consumer Cyclical": "Cyclical",
  "Consumer Defensive": "Defensive",
  "Consumer Discretionary": "Discret.",
  "Consumer Staples": "Staples",
  "Financial Services": "Financials",
  "Health Care": "Health",
  Healthcare: "Health",
  Industrials: "Industry",
  "Information Technology": "IT",
  "Real Estate": "Realty",
  Technology: "Tech",
  Utilities: "Utils",
};
/** Of more positions than this an area is an underlying: thousands would be too small to be read. */
const AREAS = 60;

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
        onDrawn={writeWhatFits}
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
  /** Shorter names, in the order in which they are tried. */
  shorter: string[];
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
      return { ...shown, name: only?.underlying ?? "", shorter: [], note: `${number(some.length, 0)} positions` };
    }
    const text = by === "pnl" ? money(only.daily_pnl, { plus: true, compact: true }) : percent(shares.get(only.position_id));
    const note = `${money(only.delta_adjusted_exposure)}, ${by === "pnl" ? "P&L" : "share of VaR"} ${text}`;
    const name = instrument(only.symbol);
    // An option never by its underlying alone, which is the name of the stock.
    const [underlying, strike, kind] = name.split(" ");
    const shorter =
      name === only.symbol ? [] : [`${underlying} ${strike} ${kind}`, `${underlying}\n${strike} ${kind}`, `${underlying}\n${kind}`];
    return { ...shown, name, shorter, text, note };
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
    series: [treemap(own, data.filter((side) => side.children.length))],
  };
}

const sizeOf = (each: ValuedPosition) => Math.abs(each.delta_adjusted_exposure ?? 0);
const sum = (some: ValuedPosition[], of: (each: ValuedPosition) => number) => some.reduce((total, each) => total + of(each), 0);

const AREA_FONT = { size: 12, line: 15 };
const SECTOR_FONT = { size: 11, line: 14 };
const PADDING = 5;

/** A place of the treemap as the library has laid it out. */
interface Laid {
  dataIndex: number;
  name: string;
  children?: Laid[];
  getLayout(): { width: number; height: number } | undefined;
}

/** What is written in each place, by its number in the data; filled once the sizes are known. */
const written = new Map<number, string>();

/** Write in every place what it has room for, so that nothing is cut. */
function writeWhatFits(chart: ECharts): void {
  const model = (chart as unknown as { getModel(): { getSeriesByIndex(place: number): Series | undefined } }).getModel();
  const data = model.getSeriesByIndex(0)?.getData();
  if (!data) return;
  const family = getComputedStyle(document.body).fontFamily;
  written.clear();
  const visit = (node: Laid, depth: number) => {
    const { width = 0, height = 0 } = node.getLayout() ?? {};
    const isArea = !node.children?.length;
    const { size, line } = isArea ? AREA_FONT : SECTOR_FONT;
    const font = `${isArea || depth > 1 ? "" : "bold "}${size}px ${family}`;
    const room = { width: width - 2 * PADDING, height: isArea ? height - PADDING : line, font, lineHeight: line };
    const texts = isArea ? areaTexts(node.name, data.getRawDataItem(node.dataIndex)) : [node.name, SHORT[node.name] ?? node.name];
    written.set(node.dataIndex, fitting(texts, room));
    node.children?.forEach((child) => visit(child, depth + 1));
  };
  visit(data.tree.root, 0);
  chart.setOption({ series: [{}] });
}

interface Series {
  getData(): { tree: { root: Laid }; getRawDataItem(place: number): Partial<Area> };
}

/** An area's name, or a shorter one, with its number, else with the sign of that, else alone. */
function areaTexts(name: string, { text, sign, shorter = [] }: Partial<Area>): string[] {
  const below = [text, sign].flatMap((each) => (each ? [`\n${each}`] : []));
  return [...below, ""].flatMap((more) => [name, ...shorter].map((each) => each + more));
}

function treemap(own: Colours, data: object[]) {
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
      lineHeight: AREA_FONT.line,
      formatter: ({ dataIndex }: { dataIndex: number }) => written.get(dataIndex) ?? "",
    },
    upperLabel: {
      show: true,
      height: 18,
      color: own.text,
      fontSize: SECTOR_FONT.size,
      formatter: ({ dataIndex }: { dataIndex: number }) => written.get(dataIndex) ?? "",
    },
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

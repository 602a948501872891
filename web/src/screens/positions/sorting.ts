import { COLUMNS, type GridColumn } from "./columns";
import type { Row } from "./rows";

const TEXTS = new Intl.Collator("en", { numeric: true });
const KEYS = new WeakMap<Row[], Map<string, Float64Array>>();

/** What a click on a heading sorts by: downwards, upwards, as it was. */
export function nextSort(sort: string | undefined, id: string): string | undefined {
  if (sort === `-${id}`) return id;
  return sort === id ? undefined : `-${id}`;
}

/**
 * `daily_pnl` sorts upwards, `-daily_pnl` downwards; the default is the API's order. Rows are
 * compared by numbers alone, which are made once per column: texts by their rank.
 */
export function sorted(rows: Row[], sort: string | undefined): Row[] {
  const column = COLUMNS.find((each) => each.id === sort?.replace(/^-/, ""));
  if (!column) return rows;
  const keys = keysOf(rows, column);
  const sign = sort?.startsWith("-") ? -1 : 1;
  const order = Uint32Array.from(rows.keys()).sort((a, b) => compared(keys[a] ?? NaN, keys[b] ?? NaN, sign) || a - b);
  return Array.from(order, (place) => rows[place]).filter((row) => row !== undefined);
}

/** What has no value is last either way. */
function compared(a: number, b: number, sign: number): number {
  if (a === b) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return sign * (a - b);
}

function keysOf(rows: Row[], column: GridColumn): Float64Array {
  const known = KEYS.get(rows) ?? new Map<string, Float64Array>();
  KEYS.set(rows, known);
  const kept = known.get(column.id);
  if (kept) return kept;
  const made = column.kind === "number" ? numbers(rows, column) : ranks(rows, column);
  known.set(column.id, made);
  return made;
}

function numbers(rows: Row[], column: GridColumn): Float64Array {
  return Float64Array.from(rows, (row) => (column.value(row) as number | null) ?? NaN);
}

function ranks(rows: Row[], column: GridColumn): Float64Array {
  const texts = rows.map((row) => textOf(column.value(row)));
  const distinct = [...new Set(texts)].filter((text) => text !== "").sort(TEXTS.compare);
  const rank = new Map(distinct.map((text, place) => [text, place]));
  return Float64Array.from(texts, (text) => rank.get(text) ?? NaN);
}

function textOf(value: ReturnType<GridColumn["value"]>): string {
  return Array.isArray(value) ? value.join(" ") : String(value ?? "");
}

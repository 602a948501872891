import type { Groups, Position } from "../api/names";
import type { PortfolioReport, ValuedPosition } from "../api/types";

/** A position with what the report and the list of positions say of it; nothing is calculated. */
export interface Row extends ValuedPosition {
  tags: string[];
  weight: number | null;
  realised_pnl: number | null;
  component_var: number | null;
  theta: number | null;
  vega: number | null;
}

export function rowsOf(report: PortfolioReport, listed: Position[]): Row[] {
  const known = new Map(listed.map((each) => [each.position_id, each]));
  const components = report.metrics.component_var.find((each) => each.confidence === 95)?.positions ?? [];
  const parts = new Map(components.map((each) => [each.position_id, each.component_var]));
  const greeks = new Map(report.greeks.positions.map((each) => [each.position_id, each]));
  return report.positions.map((each) => {
    const own = known.get(each.position_id);
    const greek = greeks.get(each.position_id);
    return {
      ...each,
      tags: own?.tags ?? [],
      weight: own?.weight ?? null,
      realised_pnl: own?.realised_pnl ?? null,
      component_var: parts.get(each.position_id) ?? null,
      theta: greek?.theta ?? null,
      vega: greek?.vega ?? null,
    };
  });
}

export const KINDS = {
  long: { name: "Long", includes: (row: Row) => row.quantity > 0 },
  short: { name: "Short", includes: (row: Row) => row.quantity < 0 },
  options: { name: "Options", includes: (row: Row) => row.strike !== null },
  losers: { name: "Lost today", includes: (row: Row) => (row.daily_pnl ?? 0) < 0 },
  stale: { name: "Stale price", includes: (row: Row) => row.stale === true },
  unpriced: { name: "No price", includes: (row: Row) => row.price === null },
} as const;

export type Kind = keyof typeof KINDS;

export function matches(row: Row, text: string): boolean {
  if (!text) return true;
  const wanted = text.toLowerCase();
  return [row.symbol, row.underlying, row.sector ?? "", row.position_type, ...row.tags].some((each) =>
    each.toLowerCase().includes(wanted),
  );
}

export type Line = { kind: "row"; row: Row } | { kind: "group"; group: Groups["items"][number]; shown: number };

/** Rows below the heading of each of their groups; the sums of the headings are the API's. */
export function grouped(rows: Row[], groups: Groups["items"], closed: ReadonlySet<string>): Line[] {
  const place = new Map(rows.map((row, number) => [row.position_id, number]));
  return groups.flatMap((group) => {
    const numbers = group.position_ids.flatMap((id) => place.get(id) ?? []).toSorted((a, b) => a - b);
    if (!numbers.length) return [];
    const head: Line = { kind: "group", group, shown: numbers.length };
    if (closed.has(group.name)) return [head];
    return [head, ...numbers.flatMap((number) => rows[number] ?? []).map((row): Line => ({ kind: "row", row }))];
  });
}

import type { PositionColumns, PositionsTable, SummedGroup } from "../../api/types";

type Values = { [Name in keyof PositionColumns]: PositionColumns[Name][number] };

/** A position with all that the API's table has of it; nothing is calculated. */
export interface Row extends Values {
  /** What a search looks through, in lower case. */
  searched: string;
}

export function rowsOf({ columns, positions }: PositionsTable): Row[] {
  const names = Object.keys(columns) as Array<keyof PositionColumns>;
  return Array.from({ length: positions }, (_, place) => {
    const found: Record<string, unknown> = {};
    for (const name of names) found[name] = columns[name][place];
    const row = found as unknown as Row;
    row.searched = [row.symbol, row.underlying, row.name, row.sector, row.position_type, ...row.tags]
      .join(" ")
      .toLowerCase();
    return row;
  });
}

export interface GroupLine {
  kind: "group";
  group: SummedGroup;
}
export type Line = { kind: "row"; row: Row } | GroupLine;

/** Rows below the heading of each of their groups; the sums of the headings are the API's. */
export function grouped(rows: Row[], groups: SummedGroup[], closed: ReadonlySet<string>): Line[] {
  const place = new Map(rows.map((row, number) => [row.position_id, number]));
  return groups.flatMap((group) => {
    const numbers = group.position_ids.flatMap((id) => place.get(id) ?? []);
    if (!numbers.length) return [];
    const head: Line = { kind: "group", group };
    if (closed.has(group.name)) return [head];
    numbers.sort((a, b) => a - b);
    return [head, ...numbers.flatMap((number) => rows[number] ?? []).map((row): Line => ({ kind: "row", row }))];
  });
}

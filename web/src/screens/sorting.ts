import { useMemo } from "preact/hooks";

import { COLUMNS } from "./columns";
import type { Row } from "./rows";

const TEXTS = new Intl.Collator("en", { numeric: true });

/** What a click on a heading sorts by: downwards, upwards, as it was. */
export function nextSort(sort: string | undefined, id: string): string | undefined {
  if (sort === `-${id}`) return id;
  return sort === id ? undefined : `-${id}`;
}

/** `daily_pnl` sorts upwards, `-daily_pnl` downwards; the default is the API's order. */
export function useSorted(rows: Row[], sort: string | undefined): Row[] {
  return useMemo(() => {
    const column = COLUMNS.find((each) => each.id === sort?.replace(/^-/, ""));
    if (!column) return rows;
    const sign = sort?.startsWith("-") ? -1 : 1;
    return rows.toSorted((a, b) => compared(column.value(a), column.value(b), sign));
  }, [rows, sort]);
}

/** What has no value is last either way. */
function compared(a: string | number | null, b: string | number | null, sign: number): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * TEXTS.compare(String(a), String(b));
}

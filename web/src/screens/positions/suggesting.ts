import { COLUMNS, type GridColumn } from "./columns";
import { NONE, operatorName, operatorsOf, type Operator, type Pill } from "./pills";
import type { Row } from "./rows";

/** A pill that is being entered. */
export interface Draft {
  column: GridColumn;
  operator: Operator | null;
  operatorName?: string;
}

interface Named {
  key: string;
  name: string;
  hint: string;
}
export type Suggestion = Named & ({ kind: "draft"; draft: Draft } | { kind: "value"; pill: Pill });

const MOST_SHOWN = 12;
const MOST_VALUES = 6;
const HINTS = { text: "is, contains …", number: "> < = …", date: "before, after …" };

/** What could come next: columns and values that contain the text, operators, values. */
export function suggestions(draft: Draft | null, text: string, rows: Row[]): Suggestion[] {
  const wanted = text.trim().toLowerCase();
  if (!draft) return [...columnsNamed(wanted), ...anyValues(wanted, rows)].slice(0, MOST_SHOWN);
  if (!draft.operator) return operators(draft.column, wanted);
  return values(draft.column, draft.operator, wanted, rows).slice(0, MOST_SHOWN);
}

function columnsNamed(wanted: string): Suggestion[] {
  const rank = (column: GridColumn) => (column.name.toLowerCase().startsWith(wanted) ? 0 : 1);
  return COLUMNS.filter((column) => column.name.toLowerCase().includes(wanted))
    .toSorted((a, b) => rank(a) - rank(b))
    .map((column) => ({
      key: column.id,
      name: column.name,
      hint: HINTS[column.kind],
      kind: "draft",
      draft: { column, operator: null },
    }));
}

/** Values of text columns that contain what was typed, with the column that they are of. */
function anyValues(wanted: string, rows: Row[]): Suggestion[] {
  if (!wanted) return [];
  return COLUMNS.filter((column) => column.kind === "text").flatMap((column) =>
    values(column, "eq", wanted, rows)
      .slice(0, MOST_VALUES)
      .map((each) => ({ ...each, key: `${column.id} ${each.key}`, name: `${column.name} is ${each.name}` })),
  );
}

function operators(column: GridColumn, wanted: string): Suggestion[] {
  return operatorsOf(column)
    .filter(([, name]) => name.includes(wanted))
    .map(([operator, name]) => ({
      key: operator,
      name,
      hint: column.name,
      kind: "draft",
      draft: { column, operator, operatorName: name },
    }));
}

function values(column: GridColumn, operator: Operator, wanted: string, rows: Row[]): Suggestion[] {
  return [...counted(column, rows)]
    .filter(([value]) => value.toLowerCase().includes(wanted))
    .map(([value, count]) => ({
      key: value,
      name: value,
      hint: count === 1 ? "1 position" : `${count} positions`,
      kind: "value",
      pill: { column, operator, values: [value] },
    }));
}

const COUNTED = new WeakMap<Row[], Map<string, Map<string, number>>>();

/** The values of a column, the most frequent first, with how many rows have each; of numbers whether some are missing. */
function counted(column: GridColumn, rows: Row[]): Map<string, number> {
  const known = COUNTED.get(rows) ?? new Map<string, Map<string, number>>();
  COUNTED.set(rows, known);
  const kept = known.get(column.id);
  if (kept) return kept;
  const counts = new Map<string, number>();
  for (const row of rows) {
    const value = column.value(row);
    const texts = Array.isArray(value) && value.length ? value : [value];
    for (const each of texts) {
      const text = each === null || Array.isArray(each) ? NONE : String(each);
      if (column.kind === "number" && text !== NONE) continue;
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  const made = new Map([...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)));
  known.set(column.id, made);
  return made;
}

export function named(draft: Draft): Draft {
  return draft.operator ? { ...draft, operatorName: operatorName(draft.column, draft.operator) } : draft;
}

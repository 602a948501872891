import { columnOf, type GridColumn } from "./columns";
import type { Row } from "./rows";

export type Operator = "eq" | "ne" | "has" | "gt" | "ge" | "lt" | "le";

/** One condition on a column: any of the values for `eq`, none of them for `ne`. */
export interface Pill {
  column: GridColumn;
  operator: Operator;
  values: string[];
}

export const NONE = "none";
const OF_TEXT: Partial<Record<Operator, string>> = { eq: "is", ne: "is not", has: "contains" };
const OF_NUMBER: Partial<Record<Operator, string>> = { gt: ">", ge: "≥", lt: "<", le: "≤", eq: "=", ne: "≠" };
const OF_DATE: Partial<Record<Operator, string>> = { eq: "on", lt: "before", gt: "after", le: "until", ge: "from", ne: "not on" };
const TYPED: Record<string, Operator> = {
  "=": "eq",
  ":": "eq",
  "!=": "ne",
  "≠": "ne",
  "~": "has",
  ">": "gt",
  ">=": "ge",
  "≥": "ge",
  "<": "lt",
  "<=": "le",
  "≤": "le",
};

export function operatorsOf(column: GridColumn): Array<[Operator, string]> {
  const words = { text: OF_TEXT, number: OF_NUMBER, date: OF_DATE }[column.kind];
  return Object.entries(words) as Array<[Operator, string]>;
}

export function operatorName(column: GridColumn, operator: Operator): string {
  return operatorsOf(column).find(([id]) => id === operator)?.[1] ?? operator;
}

/** What was typed as a column and an operator, such as `sector =` or `value >`, and what follows. */
export function typedPill(text: string, columns: GridColumn[]): { column: GridColumn; operator: Operator; rest: string } | null {
  const found = /^\s*([^=!<>≥≤≠:~]+?)\s*(!=|>=|<=|[=:~<>≥≤≠])\s*(.*)$/.exec(text);
  if (!found) return null;
  const [, name = "", sign = "", rest = ""] = found;
  const column = namedColumn(name, columns);
  const operator = TYPED[sign];
  if (!column || !operator || !operatorsOf(column).some(([id]) => id === operator)) return null;
  return { column, operator, rest };
}

/** The column of this name, or the only one whose name begins with it. */
export function namedColumn(name: string, columns: GridColumn[]): GridColumn | undefined {
  const wanted = name.trim().toLowerCase();
  if (!wanted) return undefined;
  const exact = columns.find((each) => each.id === wanted || each.name.toLowerCase() === wanted);
  const beginning = columns.filter((each) => each.name.toLowerCase().startsWith(wanted));
  return exact ?? (beginning.length === 1 ? beginning[0] : undefined);
}

const SIZES: Record<string, number> = { "": 1, k: 1e3, m: 1e6, b: 1e9 };

/** `25k`, `-2.5m`, `3 %` as a number of the column; null for what is none. */
export function amountOf(column: GridColumn, text: string): number | null {
  const found = /^([−+-]?)\$?(\d[\d,]*\.?\d*|\.\d+)\s*([kmb%]?)$/i.exec(text.trim());
  if (!found) return null;
  const [, sign = "", digits = "", size = ""] = found;
  const percent = size === "%" || (column.unit === "percent" && size === "");
  const value = Number(digits.replace(/,/g, "")) * (percent ? 0.01 : (SIZES[size.toLowerCase()] ?? 1));
  return sign && sign !== "+" ? -value : value;
}

const DAY = /^\d{4}-\d\d-\d\d$/;

/** Why a value cannot be one of the column; null where it can. */
export function wrongValue(column: GridColumn, text: string): string | null {
  if (text.toLowerCase() === NONE || column.kind === "text") return null;
  if (column.kind === "date") return DAY.test(text) ? null : "a day such as 2023-01-20, or none";
  return amountOf(column, text) === null ? "a number such as 25k or 3 %, or none" : null;
}

/** Whether a row meets a pill. Nothing is larger or smaller than a value that is not known. */
export function test({ column, operator, values }: Pill): (row: Row) => boolean {
  if (column.kind === "number") return numberTest(column, operator, values);
  const wanted = new Set(values.map((value) => value.toLowerCase()));
  const first = values[0]?.toLowerCase() ?? "";
  return (row) => {
    const own = textsOf(column.value(row));
    if (operator === "eq") return own.some((text) => wanted.has(text));
    if (operator === "ne") return !own.some((text) => wanted.has(text));
    if (operator === "has") return own.some((text) => text.includes(first));
    return own.some((text) => text !== NONE && between(text < first ? -1 : text > first ? 1 : 0, operator));
  };
}

function textsOf(value: ReturnType<GridColumn["value"]>): string[] {
  if (value === null || (Array.isArray(value) && !value.length)) return [NONE];
  return (Array.isArray(value) ? value : [String(value)]).map((text) => text.toLowerCase());
}

function numberTest(column: GridColumn, operator: Operator, values: string[]): (row: Row) => boolean {
  const wanted = values.map((value) => (value.toLowerCase() === NONE ? null : amountOf(column, value)));
  const first = wanted[0] ?? null;
  return (row) => {
    const own = column.value(row) as number | null;
    if (operator === "eq") return wanted.some((value) => same(own, value));
    if (operator === "ne") return !wanted.some((value) => same(own, value));
    return own !== null && first !== null && between(Math.sign(own - first), operator);
  };
}

function same(own: number | null, value: number | null): boolean {
  if (own === null || value === null) return own === value;
  return Math.abs(own - value) <= 1e-9 * Math.max(1, Math.abs(value));
}

function between(order: number, operator: Operator): boolean {
  if (operator === "gt") return order > 0;
  if (operator === "ge") return order >= 0;
  return operator === "lt" ? order < 0 : order <= 0;
}

/** A pill more; values of an `is` join those of one that is there. */
export function withPill(pills: Pill[], more: Pill): Pill[] {
  const joins = (pill: Pill) => pill.column === more.column && pill.operator === more.operator && isList(more.operator);
  if (!pills.some(joins)) return [...pills, more];
  return pills.map((pill) => (joins(pill) ? { ...pill, values: [...new Set([...pill.values, ...more.values])] } : pill));
}

function isList(operator: Operator): boolean {
  return operator === "eq" || operator === "ne";
}

// In the address: `sector.eq.Energy|Utilities;market_value.gt.25k`.
const escaped = (value: string) => value.replace(/[%;|]/g, (sign) => encodeURIComponent(sign));
const unescaped = (value: string) => value.replace(/%(25|3B|7C)/g, (code) => decodeURIComponent(code));

export function inAddress(pills: Pill[]): string {
  return pills.map((pill) => [pill.column.id, pill.operator, pill.values.map(escaped).join("|")].join(".")).join(";");
}

/** What an address says; a part that says nothing is left out. */
export function fromAddress(text: string | undefined): Pill[] {
  return (text ?? "").split(";").flatMap((part) => {
    const [id = "", operator = "", ...rest] = part.split(".");
    const column = columnOf(id);
    const known = column && operatorsOf(column).find(([name]) => name === operator);
    const values = rest.join(".").split("|").filter(Boolean).map(unescaped);
    return known && values.length ? [{ column, operator: known[0], values }] : [];
  });
}

export function pillText({ column, operator, values }: Pill): string {
  const joined = values.map((value) => (column.kind === "text" ? value : value.toLowerCase())).join(" or ");
  return `${column.name} ${operatorName(column, operator)} ${joined}`;
}

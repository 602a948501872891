/** Numbers as people read them. Nothing is calculated here: signs, digits and units only. */

const MINUS = "−";
const NONE = "–";
const MILLION = 1_000_000;
/** A format is dear to make and is needed by thousands of cells: each is made once. */
function once<T>(make: (digits: number) => T): (digits: number) => T {
  const made: T[] = [];
  return (digits) => (made[digits] ??= make(digits));
}

const plain = once(
  (digits) =>
    new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);
const upTo = once((digits) => new Intl.NumberFormat("en-US", { maximumFractionDigits: digits }));
const CENTS = plain(2);
const WHOLE = plain(0);
const COMPACT = new Intl.NumberFormat("en-US", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  notation: "compact",
});
const PERCENT = new Intl.NumberFormat("en-US", {
  style: "percent",
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});

export type Amount = number | null | undefined;

function signed(text: string, value: number, plus: boolean): string {
  const bare = text.replace(/^-/, "");
  if (!/[1-9]/.test(bare)) return bare; // what is rounded to zero has no sign
  if (value < 0) return MINUS + bare;
  return plus && value > 0 ? `+${bare}` : bare;
}

export interface Style {
  plus?: boolean;
  /** Millions as such, and no cents. */
  compact?: boolean;
  /** No cents. */
  whole?: boolean;
}

export function money(value: Amount, { plus = false, compact = false, whole = false }: Style = {}): string {
  if (value === null || value === undefined) return NONE;
  const large = compact && Math.abs(value) >= MILLION;
  const text = (large ? COMPACT : compact || whole ? WHOLE : CENTS).format(Math.abs(value));
  return signed(`$${text}`, value, plus);
}

export function percent(value: Amount, plus = false): string {
  if (value === null || value === undefined) return NONE;
  return signed(PERCENT.format(Math.abs(value)), value, plus);
}

export function number(value: Amount, digits = 2, plus = false): string {
  if (value === null || value === undefined) return NONE;
  return signed(upTo(digits).format(Math.abs(value)), value, plus);
}

/** With as many decimals as all in its column. */
export function fixed(value: Amount, digits: number, plus = false): string {
  if (value === null || value === undefined) return NONE;
  return signed(plain(digits).format(Math.abs(value)), value, plus);
}

/** A value in the unit that the API gives with it. */
export function inUnit(value: Amount, unit: string, style: Style = {}): string {
  if (unit.startsWith("USD")) return money(value, style);
  if (IN_PERCENT.test(unit)) return percent(value, style.plus);
  return number(value, style.whole || style.compact ? digitsOf(value ?? 0) : MOST_DIGITS, style.plus);
}

const IN_PERCENT = /^(decimal|share(, 0 to 1)?)\b/;

/** The unit that the API gives, as `inUnit` writes it. */
export function unitShown(unit: string): string {
  return IN_PERCENT.test(unit) ? `${unit.replace(IN_PERCENT, "percent")} (the API: ${unit})` : unit;
}

const MOST_DIGITS = 4;

/** Of a number that stands beside others: about five figures in all. */
function digitsOf(value: number): number {
  const size = Math.abs(value);
  return size >= 1000 ? 0 : size >= 10 ? 2 : MOST_DIGITS;
}

/** Which way a number points; the sign itself is always in its text too. */
export function tone(value: Amount): "gain" | "loss" | "" {
  if (!value) return "";
  return value > 0 ? "gain" : "loss";
}

/** A share of a scenario's size, without decimals that say nothing. */
export function shock(value: number): string {
  const text = new Intl.NumberFormat("en-US", { style: "percent", maximumFractionDigits: 2 }).format(Math.abs(value));
  return signed(text, value, true);
}

const OCC = /^([A-Z0-9.]{1,6})(\d\d)(\d\d)(\d\d)([CP])(\d{8})$/;

/** An option's OCC symbol as people say it; any other symbol as it is. */
export function instrument(symbol: string): string {
  const [, name, year, month, day, kind, strike] = OCC.exec(symbol) ?? [];
  if (!name) return symbol;
  return `${name} ${number(Number(strike) / 1000)} ${kind === "C" ? "call" : "put"} 20${year}-${month}-${day}`;
}

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;

/** A moment in the reader's time zone, to the minute or to the second. */
export function moment(text: string, seconds = false): string {
  const clock = { ...CLOCK, ...(seconds ? { second: "2-digit" as const } : {}) };
  const when = new Date(text);
  const day = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short" }).format(when);
  return `${day} ${new Intl.DateTimeFormat("en-GB", clock).format(when)}`;
}

const MODELS: Record<string, string> = {
  american_collocation: "American, collocation",
  american_lattice: "American, lattice",
  american_tree: "American, tree",
  black_scholes_merton: "Black-Scholes-Merton",
  intrinsic: "Intrinsic value",
  mibian: "Mibian",
};

/** What values an option. */
export function modelName(model: string): string {
  return MODELS[model] ?? model;
}

/** A single word of the API as a label; what has a name of its own is shown by that. */
export function words(id: string): string {
  const text = id.replace(/_/g, " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A reason of the API as a sentence; a symbol at its beginning stays as it is. */
export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** `1 run`, `96 runs`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${number(count, 0)} ${count === 1 ? one : several}`;
}

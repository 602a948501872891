import type { LimitOnSession, PortfolioReport } from "../api/types";
import { instrument, money, number, percent } from "../format";

/** The states of limits in words, the most serious first. */
const STATES: Array<[string, string]> = [
  ["breached", "breached"],
  ["acknowledged", "acknowledged"],
  ["warning", "in warning"],
  ["waived", "waived"],
  ["not_measured", "not measured"],
  ["cleared", "cleared"],
  ["ok", "within"],
];

export const LIMIT_TONES: Record<string, string> = {
  ok: "good",
  cleared: "good",
  warning: "warn",
  breached: "bad",
  acknowledged: "warn",
  waived: "warn",
  not_measured: "",
};

/** How many limits are in which state, the most serious first: "1 breached". */
export function limitsInWords(counts: Record<string, number>): Counted[] {
  return STATES.flatMap(([state, words]) => {
    const count = counts[state];
    return count ? [{ state, count, words, text: `${count} ${words}` }] : [];
  });
}

interface Counted {
  state: string;
  count: number;
  words: string;
  text: string;
}

/** A value of a limit in its unit. */
export function inLimitsUnit(value: number | null, limit: Pick<LimitOnSession, "unit" | "measure_unit">): string {
  if (limit.unit === "share_of_nav") return percent(value);
  return limit.measure_unit.startsWith("USD") ? money(value, { whole: true }) : number(value, 4);
}

/** Whose value it is: a symbol, a sector, a scenario by its name; empty: the whole portfolio's. */
export function memberText(report: PortfolioReport, measure: string, member: string | null): string {
  if (!member) return "";
  if (!measure.startsWith("worst_scenario")) return instrument(member);
  return report.stress.scenarios.find((each) => each.scenario_id === member)?.name ?? member;
}

/** What the API defines a limit's measure as; null where that has no definition of its own. */
export function definedAs(measure: string): string | null {
  const parts = measure.split(".");
  if (measure.startsWith("worst_scenario") || parts[0] === "scenario") return "total_pnl";
  if (parts[0] === "exposure") return parts.at(-1) ?? null;
  return parts.length === 1 ? measure : null;
}

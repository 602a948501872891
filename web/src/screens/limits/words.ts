import { money, number, percent, words } from "../../format";
import { LIMIT_TONES } from "../../state/limits";

/** A state as people say it: a limit that holds is within. */
export function stateText(state: string): string {
  return state === "ok" ? "Within" : words(state);
}

const SHARE = new Intl.NumberFormat("en-US", { style: "percent", maximumFractionDigits: 0 });

/** How much of a limit is used, without decimals that say nothing. */
export function usedText(used: number | null | undefined): string {
  return used === null || used === undefined ? "–" : SHARE.format(used);
}

export function toneOf(state: string): string {
  return LIMIT_TONES[state] ?? "";
}

export interface InUnit {
  unit: string;
  /** Empty for what was kept before it was. */
  measure_unit?: string;
}

/** A value or a level in the limit's unit. */
export function levelText(value: number | null | undefined, limit: InUnit): string {
  if (value === null || value === undefined) return "–";
  if (limit.unit === "share_of_nav") return percent(value);
  return limit.measure_unit?.startsWith("USD") ? money(value, { whole: true }) : number(value, 4);
}

const PER: Record<string, string> = {
  position: "of each instrument",
  underlying: "of each underlying",
  sector: "of each sector",
  tag: "of each tag",
};

/** What a limit is about: "Market value of each underlying, share of NAV, outside". */
export function aboutText(limit: { measure_title: string; per: string; key: string | null; unit: string }): string {
  const of = limit.key ? `of ${limit.key}` : (PER[limit.per] ?? "");
  return [`${limit.measure_title} ${of}`.trim(), limit.unit === "share_of_nav" ? "share of NAV" : ""]
    .filter(Boolean)
    .join(", ");
}

export function sessionsText(count: number | null): string {
  if (!count) return "";
  return `${count} ${count === 1 ? "session" : "sessions"}`;
}

import type { Expiry } from "../../api/types";

interface Day {
  number: number;
  expiry: Expiry | null;
}
export interface Month {
  name: string;
  /** Mondays to Fridays; null before the first day and after the last. */
  weeks: Array<Array<Day | null>>;
}

const NAME = new Intl.DateTimeFormat("en-US", { month: "long", year: "numeric", timeZone: "UTC" });
const WORKDAYS = 5;

/** A sheet for every month that some option expires in. */
export function monthsOf(expiries: Expiry[]): Month[] {
  const months = [...new Set(expiries.map((each) => each.expiry.slice(0, 7)))].sort();
  const known = new Map(expiries.map((each) => [each.expiry, each]));
  return months.map((month) => {
    const first = new Date(`${month}-01T00:00:00Z`);
    return { name: NAME.format(first), weeks: weeksOf(first, known) };
  });
}

function weeksOf(first: Date, known: ReadonlyMap<string, Expiry>): Month["weeks"] {
  const weeks: Month["weeks"] = [];
  let week: Array<Day | null> = [];
  for (const day = new Date(first); day.getUTCMonth() === first.getUTCMonth(); day.setUTCDate(day.getUTCDate() + 1)) {
    const weekday = (day.getUTCDay() + 6) % 7;
    const expiry = known.get(day.toISOString().slice(0, 10)) ?? null;
    // An option of a Saturday is shown on the Friday before, its last session.
    if (weekday >= WORKDAYS) {
      const friday = week.at(-1);
      if (expiry && friday) friday.expiry ??= expiry;
      continue;
    }
    if (weekday === 0 && week.length) {
      weeks.push(week);
      week = [];
    }
    while (week.length < weekday) week.push(null);
    week.push({ number: day.getUTCDate(), expiry });
  }
  while (week.length < WORKDAYS) week.push(null);
  return [...weeks, week];
}

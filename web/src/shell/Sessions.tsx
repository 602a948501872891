import { useEffect } from "preact/hooks";

import type { PortfolioReport } from "../api/types";
import { go } from "../state/address";
import type { Book } from "../state/book";

/** Which session is shown, out of all that the portfolio was valued on. */
export function Sessions({ book }: { book: Book }) {
  const { sessions, as_of: shown } = book.report;
  const place = sessions.indexOf(shown ?? "");
  const choose = (day: string | undefined) => day && go({ as_of: day === sessions.at(-1) ? undefined : day });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      const step = { "[": -1, "]": 1 }[event.key];
      if (step && !typing) choose(sessions[place + step]);
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [sessions, place]);
  return (
    <div class="sessions">
      <button type="button" aria-label="The session before" disabled={place < 1} onClick={() => choose(sessions[place - 1])}>
        ‹
      </button>
      <label>
        <span class="hidden">As of</span>
        <select value={shown ?? ""} onChange={(event) => choose(event.currentTarget.value)}>
          {byMonth(sessions).map(([month, days]) => (
            <optgroup key={month} label={month}>
              {days.map((day) => (
                <option key={day} value={day}>
                  {day}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      <button
        type="button"
        aria-label="The session after"
        disabled={place < 0 || place >= sessions.length - 1}
        onClick={() => choose(sessions[place + 1])}
      >
        ›
      </button>
      <Age book={book} />
    </div>
  );
}

/** How old the figures are, in sessions of the market; a click goes to the latest there are. */
function Age({ book }: { book: Book }) {
  const { sessions_behind: behind, last_session: last, sessions, as_of: shown } = book.report;
  if (shown !== sessions.at(-1)) {
    return (
      <button type="button" class="pill warn" onClick={() => go({ as_of: undefined })}>
        {ago(behind)}: go to the latest
      </button>
    );
  }
  if (!behind) return <span class="pill good">latest session</span>;
  return (
    <span class="pill warn" title={`Market data are known up to ${last}.`}>
      stale: {ago(behind)}
    </span>
  );
}

function ago(behind: PortfolioReport["sessions_behind"]): string {
  if (behind === null) return "an earlier session";
  return behind === 1 ? "1 session behind" : `${behind} sessions behind`;
}

/** The last month first, and in it the last day. */
function byMonth(sessions: string[]): Array<[string, string[]]> {
  const months = new Map<string, string[]>();
  for (const day of sessions.toReversed()) {
    const month = day.slice(0, 7);
    months.set(month, [...(months.get(month) ?? []), day]);
  }
  return [...months];
}

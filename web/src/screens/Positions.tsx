import { useMemo, useState } from "preact/hooks";

import { read } from "../api/client";
import type { Groups, PositionList } from "../api/names";
import { go, useAddress } from "../state/address";
import { useBook } from "../state/book";
import { useLoaded } from "../state/loading";
import { PositionGrid } from "./PositionGrid";
import { grouped, KINDS, matches, rowsOf, type Kind, type Line } from "./rows";
import { useSorted } from "./sorting";

const GROUPS = ["type", "underlying", "sector", "tag", "strategy"] as const;
const MOST_LISTED = 1000;

export function Positions() {
  const { report, asOf, version } = useBook();
  const { filter = "", kind, group, sort } = useAddress();
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const query = { portfolio_id: report.portfolio.portfolio_id, as_of: asOf, limit: MOST_LISTED };
  const key = `${query.portfolio_id} ${asOf} ${version}`;
  const listed = useLoaded<PositionList>(key, () => read("positions", {}, { ...query, status: "open" }));
  const groups = useLoaded<Groups>(group ? `${key} ${group}` : null, () =>
    read("positions/grouped", {}, { ...query, by: group }),
  );
  const all = useMemo(() => rowsOf(report, listed.value?.items ?? []), [report, listed.value]);
  const wanted = useMemo(
    () => all.filter((row) => matches(row, filter) && (!isKind(kind) || KINDS[kind].includes(row))),
    [all, filter, kind],
  );
  const sorted = useSorted(wanted, sort);
  const lines = useMemo<Line[]>(
    () =>
      group && groups.value
        ? grouped(sorted, groups.value.items, closed)
        : sorted.map((row) => ({ kind: "row", row })),
    [sorted, group, groups.value, closed],
  );
  const toggle = (name: string) => {
    const next = new Set(closed);
    if (!next.delete(name)) next.add(name);
    setClosed(next);
  };
  return (
    <section class="positions" aria-label="Positions">
      <div class="toolbar">
        <input
          data-filter
          type="search"
          placeholder="Filter: symbol, sector, tag  ( / )"
          aria-label="Filter positions"
          value={filter}
          onInput={(event) => go({ filter: event.currentTarget.value }, true)}
        />
        <div class="pills" role="group" aria-label="Which positions">
          {Object.entries(KINDS).map(([id, each]) => (
            <button
              key={id}
              type="button"
              class="pill"
              aria-pressed={kind === id}
              onClick={() => go({ kind: kind === id ? undefined : id })}
            >
              {each.name}
            </button>
          ))}
        </div>
        <label>
          Group by{" "}
          <select value={group ?? ""} onChange={(event) => go({ group: event.currentTarget.value })}>
            <option value="">nothing</option>
            {GROUPS.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <span class="note" role="status">
          {wanted.length} of {all.length} positions
        </span>
      </div>
      {(listed.problem ?? groups.problem) && <p role="alert">{listed.problem ?? groups.problem}</p>}
      {all.length > MOST_LISTED && (
        <p class="note">Tags, weights and realised P&L are shown of the first {MOST_LISTED} positions.</p>
      )}
      <PositionGrid lines={lines} sort={sort} closed={closed} onToggle={toggle} />
    </section>
  );
}

function isKind(kind: string | undefined): kind is Kind {
  return kind !== undefined && kind in KINDS;
}

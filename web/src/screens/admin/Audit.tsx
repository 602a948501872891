import { read } from "../../api/client";
import type { AuditEntryOut, PageAuditEntryOut } from "../../api/types";
import { counted, moment } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { Pager } from "../../parts/Pager";
import { Panel } from "../../parts/Panel";
import { go, useAddress } from "../../state/address";
import { useLoaded } from "../../state/loading";

const PAGE = 100;
const COLUMNS = [
  { name: "When" },
  { name: "Who" },
  { name: "From" },
  { name: "Did" },
  { name: "To" },
  { name: "Details" },
];

/** A day of the form as a moment of this browser's time zone. */
function begins(day: string | undefined): string | undefined {
  return day ? new Date(`${day}T00:00:00`).toISOString() : undefined;
}

/** Who did what, newest first. */
export function Audit() {
  const { user, action, target, log_since, log_until, page_offset } = useAddress();
  const days = { since: begins(log_since), until: begins(log_until) };
  const query = { user_id: user, action, target, ...days, limit: PAGE, offset: page_offset };
  const page = useLoaded<PageAuditEntryOut>(JSON.stringify(query), () => read("admin/audit-log", {}, query));
  const items = page.value?.items ?? [];
  const known = [...new Set(items.map((each) => each.action))].sort();
  // Its fields keep what is typed while entries arrive: the address changes when one is left.
  const choose = (terms: Record<string, string | undefined>) => go({ ...terms, page_offset: undefined });
  const email = items.find((each) => each.user_id === user)?.email ?? user;
  return (
    <Panel title="Audit log" note={page.value ? counted(page.value.total, "entry", "entries") : undefined}>
      <div class="toolbar">
        <label>
          Did{" "}
          <input
            key={action}
            data-filter
            list="actions"
            defaultValue={action ?? ""}
            placeholder="portfolio.deleted"
            onChange={(event) => choose({ action: event.currentTarget.value.trim() })}
          />
        </label>
        <datalist id="actions">
          {known.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
        <label>
          To{" "}
          <input
            key={target}
            defaultValue={target ?? ""}
            placeholder="an id or an address"
            onChange={(event) => choose({ target: event.currentTarget.value.trim() })}
          />
        </label>
        <label>
          Since <input key={log_since} type="date" defaultValue={log_since ?? ""} onChange={(event) => choose({ log_since: event.currentTarget.value })} />
        </label>
        <label>
          Before <input key={log_until} type="date" defaultValue={log_until ?? ""} onChange={(event) => choose({ log_until: event.currentTarget.value })} />
        </label>
        {user && (
          <button type="button" class="pill" aria-pressed="true" onClick={() => choose({ user: undefined })}>
            by {email} ✕
          </button>
        )}
      </div>
      {page.problem && <p role="alert">{page.problem}</p>}
      {items.length ? (
        <div class="audit">
          <DataTable label="Audit log" columns={COLUMNS} rows={items.map(rowOf)} />
        </div>
      ) : (
        !page.problem && <p class="empty">{page.loading ? "Loading …" : "Nothing of this kind was done."}</p>
      )}
      {page.value && <Pager {...page.value} />}
    </Panel>
  );
}

function rowOf(entry: AuditEntryOut) {
  const { user_id, email } = entry;
  return [
    moment(entry.occurred_at, true),
    user_id ? (
      <button type="button" class="link long" title={email ?? user_id} onClick={() => go({ user: user_id, page_offset: undefined })}>
        {email ?? `deleted user ${user_id.slice(0, 8)}`}
      </button>
    ) : (
      "not logged in"
    ),
    entry.network_address ?? "–",
    <button type="button" class="link" onClick={() => go({ action: entry.action, page_offset: undefined })}>
      {entry.action}
    </button>,
    <span class="long" title={entry.target ?? undefined}>
      {entry.target ?? "–"}
    </span>,
    detailsOf(entry),
  ];
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** One line for each; nothing at all where there is none. */
function detailsOf({ details }: AuditEntryOut) {
  const named = Object.entries(details);
  if (!named.length) return "";
  return (
    <span class="wrap details">
      {named.map(([name, value]) => (
        <span key={name}>
          {name}: {textOf(value)}
        </span>
      ))}
    </span>
  );
}

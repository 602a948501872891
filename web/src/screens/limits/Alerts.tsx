import { useState } from "preact/hooks";

import { read } from "../../api/client";
import type { AlertDelivery, AlertOut, AlertPage } from "../../api/types";
import { moment, words } from "../../format";
import { Panel } from "../../parts/Panel";
import { Problems } from "../../parts/Problems";
import { useActing } from "../../state/acting";
import { toneOf } from "./words";

interface Props {
  page: AlertPage | null;
  problem: string | null;
  portfolioId: string;
}

/** What users were alerted of, the last ones first, and where each alert was sent. */
export function Alerts({ page, problem, portfolioId }: Props) {
  const [more, setMore] = useState<{ after: AlertPage; items: AlertOut[]; next: string | null } | null>(null);
  const acting = useActing();
  const current = more && more.after === page ? more : null;
  const items = [...(page?.items ?? []), ...(current?.items ?? [])];
  const next = current ? current.next : page?.next;
  const load = () =>
    void acting.act(async () => {
      if (!page || !next) return;
      const earlier = await read("alerts", {}, { portfolio_id: portfolioId, limit: 50, after: next });
      setMore({ after: page, items: [...(current?.items ?? []), ...earlier.items], next: earlier.next });
    });
  return (
    <Panel title="Alerts" wide note={items.length ? "the last ones first" : undefined}>
      {problem && <p role="alert">{problem}</p>}
      {page && !items.length && <p class="empty">No limit of this portfolio has raised an alert.</p>}
      {!page && !problem && <p class="empty">Loading …</p>}
      {items.length > 0 && (
        <ul class="alerts scroll" tabIndex={0} aria-label="Alerts">
          {items.map((each) => (
            <Alert key={each.alert_id} alert={each} />
          ))}
        </ul>
      )}
      <Problems trouble={acting.trouble} />
      {next && (
        <button type="button" class="quiet" disabled={acting.busy} onClick={load}>
          Earlier ones
        </button>
      )}
    </Panel>
  );
}

function Alert({ alert }: { alert: AlertOut }) {
  return (
    <li class={alert.withdrawn ? "withdrawn" : ""}>
      <span>
        <span class={`pill ${toneOf(alert.level)}`}>{words(alert.level)}</span>
        {alert.withdrawn && <span class="pill">withdrawn</span>} <b>{alert.as_of}</b>
      </span>
      <span class="what">
        {alert.message}
        {alert.withdrawn && <small>The session was restated, and says otherwise now.</small>}
      </span>
      <span class="sent">
        {alert.deliveries.length ? (
          alert.deliveries.map((each) => <Delivery key={each.notification_id} delivery={each} />)
        ) : (
          <small>sent to no channel</small>
        )}
      </span>
    </li>
  );
}

const STATES: Record<string, [string, string]> = {
  delivered: ["delivered", "good"],
  pending: ["waits", "warn"],
  failed: ["given up", "bad"],
};

function Delivery({ delivery }: { delivery: AlertDelivery }) {
  const [text, tone] = STATES[delivery.state] ?? [delivery.state, ""];
  const about = delivery.kind === "withdrawn" ? "withdrawal, " : "";
  return (
    <small title={delivery.reason ?? undefined}>
      <span class={`pill ${tone}`}>{text}</span> {about}
      {delivery.channel}, {moment(delivery.last_attempt_at ?? delivery.created_at)}
      {delivery.attempts > 1 ? `, ${delivery.attempts} attempts` : ""}
      {delivery.reason && delivery.state !== "delivered" ? `: ${delivery.reason}` : ""}
    </small>
  );
}

import { useState } from "preact/hooks";

import { repeatDelivery } from "../../api/account";
import { read } from "../../api/client";
import type { ChannelOut, NotificationOut, NotificationPage } from "../../api/types";
import { moment, number, words } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { Dialog } from "../../shell/Dialog";
import { describe, useLoaded } from "../../state/loading";

const TONES: Record<string, string> = { delivered: "good", pending: "warn", failed: "bad" };
const COLUMNS = [
  { name: "Made" },
  { name: "Message" },
  { name: "State" },
  { name: "Attempts", numeric: true },
  { name: "Answer" },
  { name: "Seconds", numeric: true },
  { name: "" },
];

/** What was sent to a channel, with the outcome of the last attempt of each message. */
export function Deliveries({ channel, onClose }: { channel: ChannelOut; onClose: () => void }) {
  const [turn, setTurn] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const id = channel.channel_id;
  const page = useLoaded<NotificationPage>(
    id,
    () =>
      read("notifications/channels/{channel_id}/deliveries", { channel_id: id }, { limit: 50 }),
    turn,
  );
  const repeat = (message: NotificationOut) => {
    setProblem(null);
    repeatDelivery(id, message.notification_id).then(
      () => setTurn((n) => n + 1),
      (error: unknown) => setProblem(describe(error)),
    );
  };
  const items = page.value?.items ?? [];
  return (
    <Dialog label={`Deliveries to ${channel.name}`} onClose={onClose}>
      <div class="form wide">
        <h2>Deliveries to {channel.name}</h2>
        {(problem ?? page.problem) && <p role="alert">{problem ?? page.problem}</p>}
        {items.length ? (
          <DataTable label="Deliveries" columns={COLUMNS} rows={items.map((each) => rowOf(each, () => repeat(each)))} />
        ) : (
          <p class="empty">{page.loading ? "Loading …" : "Nothing was sent to this channel yet."}</p>
        )}
        <p class="buttons">
          <button type="button" onClick={() => setTurn((n) => n + 1)}>
            Refresh
          </button>
          <button type="button" onClick={onClose}>
            Close
          </button>
        </p>
      </div>
    </Dialog>
  );
}

function rowOf(message: NotificationOut, onRepeat: () => void) {
  const last = message.attempts.at(-1);
  const next = message.next_attempt_at ? `, again ${moment(message.next_attempt_at)}` : "";
  return [
    moment(message.created_at),
    message.kind === "alerts" ? `${message.alerts} ${message.alerts === 1 ? "alert" : "alerts"}` : words(message.kind),
    <span class={`pill ${TONES[message.state] ?? ""}`}>{message.state}</span>,
    String(message.attempts.length),
    <span class="wrap">
      {last ? [last.status, last.error].filter(Boolean).join(": ") || "accepted" : "–"}
      {next}
    </span>,
    number(last?.seconds, 2),
    message.state === "failed" ? (
      <span class="buttons small">
        <button type="button" class="quiet" onClick={onRepeat}>
          Send again
        </button>
      </span>
    ) : (
      ""
    ),
  ];
}

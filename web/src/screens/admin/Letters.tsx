import { useState } from "preact/hooks";

import { replayLetter } from "../../api/account";
import { read } from "../../api/client";
import type { DeadLetterOut, PageDeadLetterOut } from "../../api/types";
import { counted, moment } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { FormDialog } from "../../parts/Form";
import { Pager } from "../../parts/Pager";
import { Panel } from "../../parts/Panel";
import { Dialog } from "../../shell/Dialog";
import { go, useAddress } from "../../state/address";
import { useLoaded } from "../../state/loading";

const PAGE = 50;
const COLUMNS = [
  { name: "Given up" },
  { name: "Service" },
  { name: "Message" },
  { name: "Attempts", numeric: true, measure: "attempts" },
  { name: "Why" },
  { name: "Replayed" },
  { name: "" },
];

/** Messages that services gave up on: each is a piece of work that was not done. */
export function Letters() {
  const { replayed, letter, page_offset } = useAddress();
  const [turn, setTurn] = useState(0);
  const [replaying, setReplaying] = useState<DeadLetterOut | null>(null);
  const query = { replayed, limit: PAGE, offset: page_offset };
  const page = useLoaded<PageDeadLetterOut>(JSON.stringify(query), () => read("admin/dead-letters", {}, query), turn);
  const items = page.value?.items ?? [];
  const shown = items.find((each) => each.letter_id === letter);
  return (
    <Panel title="Dead letters" note={page.value ? counted(page.value.total, "letter") : undefined}>
      <p class="note">
        A dead letter is a message that failed every attempt, kept with its cause. Until it is replayed, the portfolios it is
        about keep the figures they had. Remove the cause first: replaying publishes the message again to every subscriber, and
        what is done already is not repeated. A message that fails again leaves a new letter.
      </p>
      <div class="toolbar">
        <label>
          Show{" "}
          <select value={replayed ?? ""} onChange={(event) => go({ replayed: event.currentTarget.value, page_offset: undefined })}>
            <option value="">all letters</option>
            <option value="false">those not replayed</option>
            <option value="true">those replayed</option>
          </select>
        </label>
      </div>
      {page.problem && <p role="alert">{page.problem}</p>}
      {items.length ? (
        <DataTable
          label="Dead letters"
          columns={COLUMNS}
          names={items.map((each) => `${each.heard} of ${each.service}`)}
          rows={items.map((each) => rowOf(each, () => setReplaying(each)))}
        />
      ) : (
        !page.problem && <p class="empty">{page.loading ? "Loading …" : "No service gave up on a message."}</p>
      )}
      {page.value && <Pager {...page.value} />}
      {shown && <Content letter={shown} />}
      {replaying && (
        <FormDialog
          label={`Replay ${replaying.heard}`}
          action="Replay"
          submit={() => replayLetter(replaying.letter_id).then(() => setTurn((n) => n + 1))}
          onClose={() => setReplaying(null)}
        >
          <p>
            {replaying.service} gave up on it after {replaying.attempts} attempts: {replaying.message}
          </p>
        </FormDialog>
      )}
    </Panel>
  );
}

function rowOf(letter: DeadLetterOut, onReplay: () => void) {
  return [
    moment(letter.buried_at),
    letter.service,
    <code>{letter.heard}</code>,
    String(letter.attempts),
    <span class="wrap">
      {letter.error}: {letter.message}
    </span>,
    letter.replayed_at ? moment(letter.replayed_at) : "no",
    <span class="buttons small">
      <button type="button" class="quiet" onClick={() => go({ letter: letter.letter_id })}>
        View
      </button>
      {!letter.replayed_at && (
        <button type="button" class="quiet" onClick={onReplay}>
          Replay
        </button>
      )}
    </span>,
  ];
}

/** The message as it was, indented where it is JSON. */
function indented(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return payload;
  }
}

function Content({ letter }: { letter: DeadLetterOut }) {
  const close = () => go({ letter: undefined }, true);
  return (
    <Dialog label={`Message ${letter.heard}`} onClose={close}>
      <div class="form">
        <h2>{letter.heard}</h2>
        <p>
          {letter.error}: {letter.message}
        </p>
        <pre class="payload" tabIndex={0}>
          {indented(letter.payload)}
        </pre>
        <p class="buttons">
          {letter.run_id && (
            <button type="button" onClick={() => go({ tab: "runs", run: letter.run_id ?? "", letter: undefined })}>
              Its run
            </button>
          )}
          <button type="button" onClick={close}>
            Close
          </button>
        </p>
      </div>
    </Dialog>
  );
}

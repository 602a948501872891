import { useState } from "preact/hooks";

import { read } from "../../api/client";
import { createDraft, discardDraft } from "../../api/drafts";
import type { DraftOut, PageDraftOut } from "../../api/types";
import { words } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { FormDialog } from "../../parts/Form";
import { Panel } from "../../parts/Panel";
import { Problems } from "../../parts/Problems";
import { useActing } from "../../state/acting";
import { go, useAddress } from "../../state/address";
import { useBook } from "../../state/book";
import { useLoaded } from "../../state/loading";
import { Draft } from "./Draft";

/** Trades on a copy of the portfolio: nothing of it changes until they are booked. */
export function WhatIf() {
  const { report, asOf } = useBook();
  const { draft: chosen } = useAddress();
  const id = report.portfolio.portfolio_id;
  const [turn, setTurn] = useState(0);
  const again = () => setTurn((n) => n + 1);
  const beginning = useActing(again);
  const drafts = useLoaded<PageDraftOut>(
    id,
    () =>
      read("modelling/sessions", {}, { base_id: id, limit: 100 }),
    `${turn} ${chosen}`,
  );
  const items = drafts.value?.items ?? [];
  const shown = items.find((each) => each.draft_id === chosen);
  const begin = () =>
    void beginning.act(async () => {
      const created = await createDraft({ portfolio_id: id, as_of: asOf ?? null });
      go({ draft: created.draft_id });
    });
  return (
    <div class="what-if">
      <p class="frame" role="note">
        <b>Draft</b>
        {shown
          ? ` of ${report.portfolio.name} at the close of ${shown.base.session_date}: the portfolio itself does not change until the trades are booked.`
          : ` trades on a copy of ${report.portfolio.name}: see what they change before anything is written.`}
      </p>
      <div class="toolbar">
        <label>
          Draft{" "}
          <select value={shown?.draft_id ?? ""} onChange={(event) => go({ draft: event.currentTarget.value })}>
            <option value="">{items.length ? "all drafts" : "none yet"}</option>
            {items.map((each) => (
              <option key={each.draft_id} value={each.draft_id}>
                {each.name}, {each.state}
              </option>
            ))}
          </select>
        </label>
        <button type="button" class="primary" disabled={beginning.busy} onClick={begin}>
          New draft
        </button>
      </div>
      <Problems trouble={beginning.trouble} />
      {drafts.problem && <p role="alert">{drafts.problem}</p>}
      {shown ? (
        <Draft key={shown.draft_id} draftId={shown.draft_id} onChange={again} />
      ) : drafts.value && !(chosen && drafts.loading) ? (
        <Drafts items={items} onChange={again} />
      ) : (
        <p class="empty">{drafts.loading ? "Loading …" : ""}</p>
      )}
    </div>
  );
}

const COLUMNS = [
  { name: "Draft" },
  { name: "State" },
  { name: "Session" },
  { name: "Trades", numeric: true },
  { name: "Begun" },
  { name: "" },
];

/** Every draft of the portfolio, the newest first. */
function Drafts({ items, onChange }: { items: DraftOut[]; onChange: () => void }) {
  const [leaving, setLeaving] = useState<DraftOut | null>(null);
  return (
    <Panel title="Drafts" note={items.length ? String(items.length) : undefined}>
      {items.length ? (
        <DataTable
          label="Drafts"
          columns={COLUMNS}
          rows={items.map((each) => [
            <button type="button" class="link" onClick={() => go({ draft: each.draft_id })}>
              {each.name}
            </button>,
            <StateOf draft={each} />,
            each.base.session_date,
            each.trades_entered,
            each.created_at.slice(0, 10),
            <button
              type="button"
              class="quiet"
              aria-label={`Discard ${each.name}`}
              onClick={() => setLeaving(each)}
            >
              Discard
            </button>,
          ])}
        />
      ) : (
        <p class="empty">
          No draft yet. Begin one, enter trades, and compare every measure before and after; book the trades, keep the
          draft, or discard it.
        </p>
      )}
      {leaving && <Discard draft={leaving} onClose={() => setLeaving(null)} onDone={onChange} />}
    </Panel>
  );
}

const TONES: Record<string, string> = { calculated: "good", stale: "warn", saved: "", draft: "" };

export function StateOf({ draft }: { draft: DraftOut }) {
  const text = draft.booked_at ? "Booked" : words(draft.state);
  return <span class={`pill ${draft.booked_at ? "good" : (TONES[draft.state] ?? "")}`}>{text}</span>;
}

interface DiscardProps {
  draft: DraftOut;
  onClose: () => void;
  onDone: () => void;
}

export function Discard({ draft, onClose, onDone }: DiscardProps) {
  return (
    <FormDialog
      label={`Discard ${draft.name}?`}
      action="Discard it"
      danger
      submit={() => discardDraft(draft.draft_id).then(onDone)}
      onClose={onClose}
    >
      <p>Its trades and figures are deleted{draft.booked_at ? "; what was booked stays in the portfolio" : ""}.</p>
    </FormDialog>
  );
}

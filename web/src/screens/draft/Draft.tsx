import { useState } from "preact/hooks";

import { read } from "../../api/client";
import { calculateDraft, exportAddress, rebaseDraft, renameDraft, saveDraft } from "../../api/drafts";
import type { DraftWithTrades, Impacts } from "../../api/types";
import { money, number, words } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { FormDialog } from "../../parts/Form";
import { Panel } from "../../parts/Panel";
import { Problems } from "../../parts/Problems";
import { useActing } from "../../state/acting";
import { go } from "../../state/address";
import { untilRunEnds } from "../../state/events";
import { useLoaded } from "../../state/loading";
import { Blotter } from "./Blotter";
import { Booking } from "./Booking";
import { Changes } from "./Changes";
import { Curves } from "./Curves";
import { Discard, StateOf } from "./WhatIf";

interface Props {
  draftId: string;
  /** The list of drafts shows states, too. */
  onChange: () => void;
}

/** One draft: its trades, what they change, and what may be done with it. */
export function Draft({ draftId, onChange }: Props) {
  const [turn, setTurn] = useState(0);
  const ids = { draft_id: draftId };
  const draft = useLoaded<DraftWithTrades>(draftId, () => read("modelling/sessions/{draft_id}", ids), turn);
  const impacts = useLoaded<Impacts>(draftId, () => read("modelling/sessions/{draft_id}/impacts", ids), turn);
  const again = () => {
    setTurn((n) => n + 1);
    onChange();
  };
  if (!draft.value) {
    return draft.problem ? <p role="alert">{draft.problem}</p> : <p class="empty">Loading …</p>;
  }
  const now = draft.value;
  return (
    <>
      <Doings draft={now} onDone={again} />
      <Stale draft={now} onDone={again} />
      <div class="grid">
        <Blotter draft={now} impacts={impacts.value?.impacts ?? null} onDone={again} />
        {impacts.value?.impacts ? (
          <>
            <Changes of={`the draft ${now.name}`} impacts={impacts.value.impacts} stale={now.state === "stale"} />
            <Curves draft={now} turn={turn} />
          </>
        ) : (
          <Panel title="Before and after" wide>
            <p class="empty">{impacts.problem ?? notYet(now, impacts.loading)}</p>
          </Panel>
        )}
        <Booking draft={now} onDone={again} />
      </div>
    </>
  );
}

function notYet(draft: DraftWithTrades, loading: boolean): string {
  if (loading) return "Loading …";
  if (draft.run?.status === "running") return "The draft is being calculated.";
  if (draft.run?.status === "failed") return "The calculation failed: calculate it again, or ask an operator.";
  return draft.trades.length
    ? "Calculate the draft to see every measure before and after the trades."
    : "Enter a trade, then calculate: every measure is shown before and after.";
}

type Doing = "rename" | "save" | "discard";

/** What may be done with the whole draft. */
function Doings({ draft, onDone }: { draft: DraftWithTrades; onDone: () => void }) {
  const [doing, setDoing] = useState<Doing | null>(null);
  const calculating = useActing(onDone);
  const isKept = draft.saved_at !== null;
  const unchangeable = isKept ? "A saved draft does not change any more: begin a new one." : undefined;
  const uncalculable =
    unchangeable ??
    (draft.base.moved ? "Rebase the draft first." : draft.trades.length ? undefined : "Enter a trade first.");
  const unsavable = unchangeable ?? (draft.state === "calculated" ? undefined : "Calculate the draft first.");
  const close = () => setDoing(null);
  const calculate = () =>
    void calculating.act(async () => {
      const started = await calculateDraft(draft.draft_id);
      if (started.run) await untilRunEnds(started.run.run_id);
    });
  return (
    <>
      <div class="toolbar doings">
        <StateOf draft={draft} />
        <button
          type="button"
          class={draft.state === "calculated" ? "quiet" : "primary"}
          disabled={calculating.busy || uncalculable !== undefined}
          title={uncalculable}
          onClick={calculate}
        >
          {calculating.busy ? "Calculating …" : "Calculate"}
        </button>
        <button type="button" class="quiet" disabled={isKept} title={unchangeable} onClick={() => setDoing("rename")}>
          Rename
        </button>
        <button type="button" class="quiet" disabled={unsavable !== undefined} title={unsavable} onClick={() => setDoing("save")}>
          Save
        </button>
        {draft.trades.length > 0 && (
          <>
            <a class="quiet" href={exportAddress(draft.draft_id, "csv")} download>
              Export CSV
            </a>
            <a class="quiet" href={exportAddress(draft.draft_id, "json")} download={`${draft.name}.json`}>
              Export JSON
            </a>
            <a class="quiet" href={exportAddress(draft.draft_id, "fix")} title="orders, FIX 4.4" download>
              Export FIX
            </a>
          </>
        )}
        <button type="button" class="quiet" onClick={() => setDoing("discard")}>
          Discard
        </button>
        {draft.note && <span class="note">{draft.note}</span>}
      </div>
      <Problems trouble={calculating.trouble} />
      {doing === "rename" && (
        <FormDialog
          label="Rename the draft"
          action="Rename"
          submit={(form) => renameDraft(draft, String(form.get("name")), String(form.get("note"))).then(onDone)}
          onClose={close}
        >
          <label>
            Name
            <input name="name" required maxLength={100} defaultValue={draft.name} />
          </label>
          <label>
            Note
            <input name="note" maxLength={1000} defaultValue={draft.note} />
          </label>
        </FormDialog>
      )}
      {doing === "save" && (
        <FormDialog
          label="Save the draft"
          action="Save"
          submit={(form) => saveDraft(draft, String(form.get("name"))).then(onDone)}
          onClose={close}
        >
          <p>It is kept as a portfolio with the figures it has now, and does not change any more.</p>
          <label>
            Name
            <input name="name" required maxLength={100} defaultValue={draft.name} />
          </label>
        </FormDialog>
      )}
      {doing === "discard" && (
        <Discard
          draft={draft}
          onClose={close}
          onDone={() => {
            go({ draft: undefined });
            onDone();
          }}
        />
      )}
    </>
  );
}

/** Why the figures are not of the draft as it is, and what to do. */
function Stale({ draft, onDone }: { draft: DraftWithTrades; onDone: () => void }) {
  const acting = useActing(onDone);
  if (draft.saved_at) return null;
  if (!draft.base.moved) {
    return draft.state === "stale" ? (
      <p class="stale" role="status">
        <b>Stale.</b> The trades changed after the figures below were calculated: calculate again.
      </p>
    ) : null;
  }
  const { changes, name } = draft.base;
  return (
    <section class="stale" role="status" aria-label="Stale">
      <p>
        <b>Stale.</b> {name} was edited since this draft was branched. Rebase takes the edit over and prices the trades
        again; then calculate.
      </p>
      {changes.length > 0 && (
        <DataTable
          label="Entered since"
          columns={[
            { name: "Entered since" },
            { name: "On" },
            { name: "Instrument" },
            { name: "Quantity", numeric: true, measure: "quantity" },
            { name: "Price", numeric: true, measure: "price" },
            { name: "Amount", numeric: true, measure: "amount" },
          ]}
          rows={changes.map((each) => [
            words(each.kind),
            each.trade_date,
            each.symbol ?? "–",
            number(each.quantity),
            money(each.price),
            money(each.amount, { plus: true }),
          ])}
        />
      )}
      <Problems trouble={acting.trouble} />
      <button type="button" class="primary" disabled={acting.busy} onClick={() => void acting.act(() => rebaseDraft(draft))}>
        {acting.busy ? "Rebasing …" : "Rebase"}
      </button>
    </section>
  );
}

import { useState } from "preact/hooks";

import { deletePosition, editPosition } from "../../api/positions";
import type { PositionEdit, PositionOut } from "../../api/types";
import { instrument } from "../../format";
import { Field } from "../../parts/Field";
import { FormDialog } from "../../parts/Form";
import { TermInput } from "../../parts/TermInput";
import { go } from "../../state/address";
import { Said } from "./Said";
import { useSaving } from "./saving";

const FIELDS = ["quantity", "entry_price", "entry_date", "exit_date", "exit_price", "investment_subtype"] as const;
const LABELS: Record<(typeof FIELDS)[number], string> = {
  quantity: "Quantity",
  entry_price: "Entry price",
  entry_date: "Entry date",
  exit_date: "Exit date",
  exit_price: "Exit price",
  investment_subtype: "Subtype",
};
const HINTS: Partial<Record<string, string>> = {
  quantity: "below 0 is short",
  entry_price: "USD per share",
  exit_date: "closes the position",
  exit_price: "with an exit date",
};

/** The terms of a position; only what was changed is sent. */
export function TermsForm({ position, onSaved }: { position: PositionOut; onSaved: () => void }) {
  const { outcome, busy, save } = useSaving();
  const before = (name: (typeof FIELDS)[number]) => String(position[name] ?? "");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const changes: PositionEdit = {};
    for (const name of FIELDS) {
      const value = String(given.get(name) ?? "").trim();
      if (value !== before(name)) changes[name] = value === "" ? null : value;
    }
    if (await save(editPosition(position.position_id, changes), "Saved.")) onSaved();
  };
  const [leaving, setLeaving] = useState(false);
  const remove = async () => {
    await deletePosition(position.position_id);
    go({ open: undefined, part: undefined });
    onSaved();
  };
  return (
    <>
      <form class="fields" onSubmit={(event) => void submit(event)} aria-label="Edit the position" novalidate>
        {FIELDS.map((name) => (
          <Field key={name} name={name} label={LABELS[name]} hint={HINTS[name]} errors={outcome.errors}>
            <TermInput name={name} initial={before(name)} />
          </Field>
        ))}
        <Said outcome={outcome} fields={FIELDS} />
        <p class="buttons">
          <button type="submit" class="primary" disabled={busy}>
            {busy ? "Saving …" : "Save"}
          </button>
          <button type="button" disabled={busy} onClick={() => setLeaving(true)}>
            Remove
          </button>
        </p>
      </form>
      {leaving && (
        <FormDialog
          label={`Remove ${instrument(position.symbol)}?`}
          action="Remove it"
          danger
          submit={remove}
          onClose={() => setLeaving(false)}
        >
          <p>It is removed as if it had never been held, with its lots. To close it, give it an exit instead.</p>
        </FormDialog>
      )}
    </>
  );
}

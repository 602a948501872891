import { createPosition } from "../../api/positions";
import { Field } from "../../parts/Field";
import { TermInput } from "../../parts/TermInput";
import { Said } from "./Said";
import { useSaving } from "./saving";

const FIELDS: Array<[name: string, label: string, hint?: string]> = [
  ["symbol", "Symbol", "a ticker, or an option's OCC symbol"],
  ["quantity", "Quantity", "below 0 is short"],
  ["entry_price", "Entry price", "USD per share"],
  ["entry_date", "Entry date"],
  ["tags", "Tags", "with commas between them"],
];
const NAMES = FIELDS.map(([name]) => name);

/** A position to be entered as a lot. */
export function NewPositionForm({ portfolioId, onSaved }: { portfolioId: string; onSaved: () => void }) {
  const { outcome, busy, save } = useSaving();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const of = (name: string) => String(given.get(name) ?? "").trim() || null;
    const tags = (of("tags") ?? "").split(",").map((tag) => tag.trim());
    const wanted = {
      portfolio_id: portfolioId,
      symbol: of("symbol"),
      quantity: of("quantity"),
      entry_price: of("entry_price"),
      entry_date: of("entry_date"),
      tags: tags.filter(Boolean),
    };
    if (await save(createPosition(wanted), "Entered.")) {
      form.reset();
      onSaved();
    }
  };
  return (
    <form class="fields" onSubmit={(event) => void submit(event)} aria-label="Enter a position" novalidate>
      {FIELDS.map(([name, label, hint]) => (
        <Field key={name} name={name} label={label} hint={hint} errors={outcome.errors}>
          <TermInput name={name} />
        </Field>
      ))}
      <Said outcome={outcome} fields={NAMES} />
      <p class="buttons">
        <button type="submit" class="primary" disabled={busy}>
          {busy ? "Saving …" : "Enter"}
        </button>
      </p>
    </form>
  );
}

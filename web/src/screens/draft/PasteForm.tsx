import { useState } from "preact/hooks";

import { addTrades } from "../../api/drafts";
import type { DraftWithTrades } from "../../api/types";
import { Problems } from "../../parts/Problems";
import { useActing } from "../../state/acting";

const EXAMPLE = "symbol\tquantity\tprice\nAAPL\t-50\nXOM\t100\t110.30";

/** Lines of a file or a spreadsheet: all of them are entered, or none and each problem by its line. */
export function PasteForm({ draft, onDone }: { draft: DraftWithTrades; onDone: () => void }) {
  const [text, setText] = useState("");
  const acting = useActing(onDone);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void acting.act(() => addTrades(draft, { csv: text })).then((done) => done && setText(""));
  };
  return (
    <form class="paste" onSubmit={submit} aria-label="Paste trades">
      <label>
        Lines of a spreadsheet or a CSV file
        <textarea
          rows={6}
          required
          spellcheck={false}
          placeholder={EXAMPLE}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <p class="note">
        Columns: symbol, quantity or exposure in USD, and price, side and fees if wanted; without a header they are
        symbol, quantity and price. Every line opens a trade; a quantity below 0 sells.
      </p>
      <Problems trouble={acting.trouble} />
      <p class="buttons">
        <button type="submit" class="primary" disabled={acting.busy || !text.trim()}>
          {acting.busy ? "Pricing …" : "Enter lines"}
        </button>
      </p>
    </form>
  );
}

import { useState } from "preact/hooks";

import { enterTransaction } from "../../api/positions";
import type { NewTransaction } from "../../api/types";
import { words } from "../../format";
import { Field } from "../../parts/Field";
import { TermInput } from "../../parts/TermInput";
import { useBook } from "../../state/book";
import { Said } from "./Said";
import { useSaving } from "./saving";

const TRADES = ["buy", "sell", "sell_short", "buy_to_cover", "opening", "transfer_in", "transfer_out"];
const MONEY = ["deposit", "withdrawal", "dividend", "interest", "borrow_fee", "fee", "equity"];
const ABOUT_A_SYMBOL = [...TRADES, "dividend", "borrow_fee"];
const METHODS = { "": "as the portfolio", fifo: "first in, first out", lifo: "last in, first out", highest_cost: "highest cost" };
const FIELDS = ["kind", "trade_date", "symbol", "quantity", "price", "amount", "fees", "note", "lot_method"];

interface Props {
  portfolioId: string;
  symbol: string | undefined;
  onSaved: () => void;
}

/** A line for the ledger: a trade has a quantity and a price, money an amount. */
export function EntryForm({ portfolioId, symbol, onSaved }: Props) {
  const { report } = useBook();
  const { outcome, busy, save } = useSaving();
  const [kind, setKind] = useState("buy");
  const trade = TRADES.includes(kind);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = [...new FormData(form)].map(([name, value]) => [name, String(value).trim()]);
    const line = Object.fromEntries(given.filter(([, value]) => value)) as unknown as NewTransaction;
    if (await save(enterTransaction(portfolioId, line), "Entered.")) {
      form.reset();
      onSaved();
    }
  };
  const text = (name: string, label: string, hint?: string, initial = "") => (
    <Field name={name} label={label} hint={hint} errors={outcome.errors}>
      <TermInput name={name} initial={initial} />
    </Field>
  );
  return (
    <form class="fields row" onSubmit={(event) => void submit(event)} aria-label="Enter a transaction" novalidate>
      <Field name="kind" label="Kind" errors={outcome.errors}>
        <select name="kind" value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
          {[...TRADES, ...MONEY].map((each) => (
            <option key={each} value={each}>
              {words(each)}
            </option>
          ))}
        </select>
      </Field>
      <Field name="trade_date" label="Day" errors={outcome.errors}>
        <TermInput name="trade_date" initial={report.as_of ?? ""} />
      </Field>
      {ABOUT_A_SYMBOL.includes(kind) && text("symbol", "Symbol", "or OCC", symbol)}
      {trade && text("quantity", "Quantity")}
      {trade && text("price", "Price", "USD")}
      {!trade && text("amount", "Amount", "USD")}
      {trade && text("fees", "Fees", "USD")}
      {["sell", "buy_to_cover", "transfer_out"].includes(kind) && (
        <Field name="lot_method" label="Closes first" errors={outcome.errors}>
          <select name="lot_method">
            {Object.entries(METHODS).map(([id, name]) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </Field>
      )}
      {text("note", "Note")}
      <p class="buttons">
        <button type="submit" class="primary" disabled={busy}>
          {busy ? "Saving …" : "Enter"}
        </button>
      </p>
      <Said outcome={outcome} fields={FIELDS} />
    </form>
  );
}

import { useState } from "preact/hooks";

import { bookDraft } from "../../api/drafts";
import type { BookingOut, DraftWithTrades } from "../../api/types";
import { instrument, moment, money, number, words } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { mayEdit, readOnly } from "../../parts/Editing";
import { Panel } from "../../parts/Panel";
import { Problems } from "../../parts/Problems";
import { useActing } from "../../state/acting";
import { useBook } from "../../state/book";

const HASH_SHOWN = 12;

/** Two steps: what would be written, then exactly that, named by the hash of what was shown. */
export function Booking({ draft, onDone }: { draft: DraftWithTrades; onDone: () => void }) {
  const [plan, setPlan] = useState<{ version: number; booking: BookingOut } | null>(null);
  const acting = useActing();
  const { portfolio } = useBook();
  const current = plan?.version === draft.version ? plan.booking : null;
  const preview = () =>
    void acting.act(async () => {
      setPlan({ version: draft.version, booking: await bookDraft(draft.draft_id, null) });
    });
  const book = (hash: string) =>
    void acting.act(async () => {
      await bookDraft(draft.draft_id, hash);
      setPlan(null);
      onDone();
    });
  if (draft.booked_at) {
    return (
      <Panel title="Book" wide note={`into the ledger of ${draft.base.name}`}>
        <p>
          <span class="pill good">booked</span> on {moment(draft.booked_at)}: the portfolio is
          measured again with these trades.
        </p>
      </Panel>
    );
  }
  const moved = draft.base.moved;
  return (
    <Panel title="Book" wide note={`into the ledger of ${draft.base.name}`}>
      <p class="note">{mayEdit(portfolio) ? whatFirst(draft) : readOnly(portfolio)}</p>
      <p class="buttons">
        <button type="button" disabled={!draft.trades.length || moved || acting.busy || !mayEdit(portfolio)} onClick={preview}>
          See what would be written
        </button>
        {current && (
          <button type="button" class="primary" disabled={acting.busy} onClick={() => book(current.hash)}>
            Book {current.transactions.length} {current.transactions.length === 1 ? "transaction" : "transactions"}
          </button>
        )}
      </p>
      <Problems trouble={acting.trouble} />
      {current && (
        <>
          <DataTable
            label="What would be written"
            columns={[
              { name: `On ${current.trade_date}` },
              { name: "Instrument" },
              { name: "Quantity", numeric: true, measure: "quantity" },
              { name: "Price", numeric: true, measure: "price" },
              { name: "Fees", numeric: true, measure: "fees" },
              { name: "Cash", numeric: true, measure: "cash" },
            ]}
            rows={current.transactions.map((leg) => [
              words(leg.kind),
              instrument(leg.symbol),
              number(leg.quantity),
              money(leg.price),
              money(leg.fees),
              money(leg.cash, { plus: true }),
            ])}
          />
          <p class="note">
            Hash <code title={current.hash}>{current.hash.slice(0, HASH_SHOWN)}</code>: if the draft or the portfolio
            changes before it is booked, nothing is written.
          </p>
        </>
      )}
    </Panel>
  );
}

/** What comes before anything is written, or why nothing can be. */
function whatFirst({ base, saved_at, trades }: DraftWithTrades): string {
  if (!trades.length) return "Enter a trade first: there is nothing to book.";
  if (!base.moved) return "First see what would be written; what is written then is exactly that.";
  const edited = `${base.name} was edited since this draft was branched`;
  return saved_at
    ? `${edited}, and a saved draft cannot be rebased: begin a new draft to book these trades.`
    : `${edited}: rebase the draft first.`;
}

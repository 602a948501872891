import { useState } from "preact/hooks";

import { addTrade, bookDraft, calculateDraft, createDraft, discardDraft, read, removeTrade } from "../api/client";
import type { BookingOut, DraftWithTrades, Impacts, NewTrade, PageDraftOut } from "../api/types";
import { instrument, money, number, words } from "../format";
import { DataTable } from "../parts/DataTable";
import { Panel } from "../parts/Panel";
import { go, useAddress } from "../state/address";
import { useBook } from "../state/book";
import { untilRunEnds } from "../state/events";
import { describe, useLoaded } from "../state/loading";
import { ImpactTables } from "./Impacts";

/** Trades on a copy of the portfolio: nothing of it changes until they are booked. */
export function WhatIf() {
  const { report, asOf } = useBook();
  const { draft } = useAddress();
  const id = report.portfolio.portfolio_id;
  const [turn, setTurn] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const drafts = useLoaded<PageDraftOut>(`${id} ${turn} ${draft}`, () =>
    read("modelling/sessions", {}, { base_id: id, limit: 100 }),
  );
  const act = (work: Promise<unknown>) => {
    setProblem(null);
    return work.then(
      () => setTurn((n) => n + 1),
      (error: unknown) => setProblem(describe(error)),
    );
  };
  const begin = () => {
    const wanted = { portfolio_id: id, as_of: asOf ?? null };
    void act(createDraft(wanted).then((created) => go({ draft: created.draft_id })));
  };
  const items = drafts.value?.items ?? [];
  const shown = items.find((each) => each.draft_id === draft);
  return (
    <div class="what-if">
      <p class="frame" role="note">
        What if: a draft of {report.portfolio.name} as of {shown?.base.session_date ?? report.as_of}. The portfolio itself does
        not change until the trades are booked.
      </p>
      <div class="toolbar">
        <label>
          Draft{" "}
          <select value={shown?.draft_id ?? ""} onChange={(event) => go({ draft: event.currentTarget.value })}>
            <option value="">choose one</option>
            {items.map((each) => (
              <option key={each.draft_id} value={each.draft_id}>
                {each.name}, {each.state}
              </option>
            ))}
          </select>
        </label>
        <button type="button" class="primary" onClick={begin}>
          New draft
        </button>
        {shown && (
          <button
            type="button"
            class="quiet"
            onClick={() => void act(discardDraft(shown.draft_id).then(() => go({ draft: undefined })))}
          >
            Discard
          </button>
        )}
      </div>
      {(problem ?? drafts.problem) && <p role="alert">{problem ?? drafts.problem}</p>}
      {shown ? (
        <Draft key={shown.draft_id} draftId={shown.draft_id} turn={turn} act={act} />
      ) : (
        <p class="empty">Begin a draft, enter trades, and see what they change before anything is written.</p>
      )}
    </div>
  );
}

interface DraftProps {
  draftId: string;
  turn: number;
  act: (work: Promise<unknown>) => Promise<void>;
}

function Draft({ draftId, turn, act }: DraftProps) {
  const [running, setRunning] = useState(false);
  const ids = { draft_id: draftId };
  const draft = useLoaded<DraftWithTrades>(`${draftId} ${turn}`, () => read("modelling/sessions/{draft_id}", ids));
  const impacts = useLoaded<Impacts>(`${draftId} ${turn}`, () => read("modelling/sessions/{draft_id}/impacts", ids));
  const calculate = () => {
    setRunning(true);
    const work = calculateDraft(draftId).then((started) => started.run && untilRunEnds(started.run.run_id));
    void act(work).finally(() => setRunning(false));
  };
  const saved = draft.value?.state === "saved";
  return (
    <div class="grid">
      <Panel title="Trades" note={draft.value ? `${draft.value.trades.length}, at the closes of the session` : undefined}>
        {draft.problem && <p role="alert">{draft.problem}</p>}
        {draft.value && <Trades draft={draft.value} act={act} />}
        {!saved && <Entry onEnter={(trade) => void act(addTrade(draftId, trade))} />}
        {draft.value?.warnings.map((warning) => (
          <p key={warning.message} class="note">
            {warning.message}
          </p>
        ))}
        <p class="buttons">
          <button
            type="button"
            class="primary"
            disabled={running || saved || !draft.value?.trades.length}
            onClick={calculate}
          >
            {running ? "Calculating …" : "Calculate"}
          </button>
        </p>
      </Panel>
      <Booking draft={draft.value} act={act} />
      {impacts.value?.impacts ? (
        <ImpactTables impacts={impacts.value.impacts} />
      ) : (
        <Panel title="Before and after" wide>
          <p class="empty">{impacts.problem ?? impacts.value?.reason ?? "Loading …"}</p>
        </Panel>
      )}
    </div>
  );
}

function Trades({ draft, act }: { draft: DraftWithTrades; act: DraftProps["act"] }) {
  const rows = draft.trades.flatMap((trade) =>
    trade.legs.map((leg, place) => [
      place ? "" : words(trade.action),
      words(leg.kind),
      instrument(leg.symbol),
      number(leg.quantity),
      money(leg.price),
      money(leg.cash, { plus: true }),
      place || draft.state === "saved" ? (
        ""
      ) : (
        <button
          type="button"
          class="quiet"
          aria-label={`Remove ${leg.symbol}`}
          onClick={() => void act(removeTrade(draft.draft_id, trade.trade_id))}
        >
          ✕
        </button>
      ),
    ]),
  );
  if (!rows.length) return <p class="empty">No trade yet.</p>;
  const columns = [
    { name: "Trade" },
    { name: "Line" },
    { name: "Instrument" },
    { name: "Quantity", numeric: true },
    { name: "Price", numeric: true },
    { name: "Cash", numeric: true },
    { name: "" },
  ];
  return <DataTable label="Trades" columns={columns} rows={rows} />;
}

const ACTIONS = { buy: "Buy", sell: "Sell", close: "Close", hedge: "Hedge beta with" } as const;

function Entry({ onEnter }: { onEnter: (trade: NewTrade) => void }) {
  const { report } = useBook();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    onEnter(tradeOf(String(given.get("action")), String(given.get("symbol")), String(given.get("quantity"))));
    form.reset();
  };
  return (
    <form class="shock" onSubmit={submit} aria-label="Enter a trade">
      <label>
        Action
        <select name="action">
          {Object.entries(ACTIONS).map(([id, name]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Symbol
        <input name="symbol" list="symbols" required size={14} />
      </label>
      <datalist id="symbols">
        {report.positions.map((each) => (
          <option key={each.position_id} value={each.symbol} />
        ))}
      </datalist>
      <label>
        Quantity
        <input name="quantity" inputMode="decimal" size={8} />
      </label>
      <button type="submit">Enter</button>
    </form>
  );
}

/** Buying and selling are quantities of either sign; closing needs none, and neither does a hedge. */
function tradeOf(action: string, symbol: string, quantity: string): NewTrade {
  const name = symbol.trim().toUpperCase();
  const size = quantity.trim().replace(/^-/, "");
  if (action === "hedge") return { action: "hedge", symbol: name, measure: "market_beta" };
  if (action === "close") return { action: "close", symbol: name, ...(size ? { quantity: size } : {}) };
  return { action: "open", symbol: name, quantity: action === "sell" ? `-${size}` : size };
}

function Booking({ draft, act }: { draft: DraftWithTrades | null; act: DraftProps["act"] }) {
  const [plan, setPlan] = useState<{ version: number; booking: BookingOut } | null>(null);
  const current = plan && draft && plan.version === draft.version ? plan.booking : null;
  if (!draft) return null;
  const preview = () =>
    void act(bookDraft(draft.draft_id, null).then((booking) => setPlan({ version: draft.version, booking })));
  const book = (hash: string) => void act(bookDraft(draft.draft_id, hash).then(() => setPlan(null)));
  return (
    <Panel title="Book" note="into the ledger of the portfolio">
      {draft.booked_at ? (
        <p>
          <span class="pill good">booked</span> {draft.booked_at.replace("T", " ").slice(0, 16)}
        </p>
      ) : (
        <>
          <p class="note">First see what would be written; what is written then is exactly that.</p>
          <p class="buttons">
            <button type="button" disabled={!draft.trades.length} onClick={preview}>
              See what would be written
            </button>
            {current && (
              <button type="button" class="primary" onClick={() => book(current.hash)}>
                Book {current.transactions.length} {current.transactions.length === 1 ? "transaction" : "transactions"}
              </button>
            )}
          </p>
          {current && (
            <DataTable
              label="What would be written"
              columns={[
                { name: `On ${current.trade_date}` },
                { name: "Instrument" },
                { name: "Quantity", numeric: true },
                { name: "Price", numeric: true },
                { name: "Cash", numeric: true },
              ]}
              rows={current.transactions.map((leg) => [
                words(leg.kind),
                instrument(leg.symbol),
                number(leg.quantity),
                money(leg.price),
                money(leg.cash, { plus: true }),
              ])}
            />
          )}
        </>
      )}
    </Panel>
  );
}

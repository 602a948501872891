import { useState } from "preact/hooks";

import { removeTrade } from "../../api/drafts";
import type { DraftWithTrades, ImpactFigures, LegOut, TradeOut } from "../../api/types";
import { instrument, money, number, words } from "../../format";
import { Panel } from "../../parts/Panel";
import { Part } from "../../parts/Part";
import { Problems } from "../../parts/Problems";
import { useActing } from "../../state/acting";
import { PasteForm } from "./PasteForm";
import { Suggest } from "./Suggest";
import { TradeForm } from "./TradeForm";
import { wantedText } from "./trades";

interface Props {
  draft: DraftWithTrades;
  impacts: ImpactFigures | null;
  onDone: () => void;
}

const WAYS = { trade: "One trade", paste: "Paste lines", suggest: "Suggest" } as const;
type Way = keyof typeof WAYS;

/** The trades of the draft in their order, and the ways to enter more. */
export function Blotter({ draft, impacts, onDone }: Props) {
  const [way, setWay] = useState<Way>("trade");
  const [edited, setEdited] = useState<TradeOut | null>(null);
  const isKept = draft.saved_at !== null;
  const finished = () => {
    setEdited(null);
    onDone();
  };
  return (
    <Panel title="Trades" wide note={`${draft.trades.length}, at the close of ${draft.base.session_date}`}>
      {draft.trades.length ? (
        <TradeTable draft={draft} isKept={isKept} onEdit={setEdited} onDone={onDone} />
      ) : (
        <p class="empty">No trade yet: enter one, paste several, or let the system suggest some.</p>
      )}
      {draft.warnings.map((warning) => (
        <p key={warning.message} class="note">
          {warning.message}
          {warning.about?.length ? `: ${warning.about.join(", ")}` : ""}
        </p>
      ))}
      {!isKept && (
        <>
          {!edited && (
            <div class="choice" role="group" aria-label="Ways to enter trades">
              {(Object.keys(WAYS) as Way[]).map((each) => (
                <button key={each} type="button" aria-pressed={way === each} onClick={() => setWay(each)}>
                  {WAYS[each]}
                </button>
              ))}
            </div>
          )}
          {edited ? (
            <TradeForm key={edited.trade_id} draft={draft} edited={edited} onDone={finished} />
          ) : way === "trade" ? (
            <TradeForm draft={draft} edited={null} onDone={onDone} />
          ) : way === "paste" ? (
            <PasteForm draft={draft} onDone={onDone} />
          ) : (
            <Suggest draft={draft} impacts={impacts} />
          )}
        </>
      )}
    </Panel>
  );
}

interface TableProps {
  draft: DraftWithTrades;
  isKept: boolean;
  onEdit: (trade: TradeOut) => void;
  onDone: () => void;
}

const SOURCES: Record<string, string> = {
  close: "close",
  adjusted_close: "adjusted close",
  quote_mid: "middle of the quote",
  model: "model",
  given: "as given",
};

function TradeTable({ draft, isKept, onEdit, onDone }: TableProps) {
  const acting = useActing(onDone);
  const remove = (trade: TradeOut) => void acting.act(() => removeTrade(draft, trade.trade_id));
  return (
    <>
      <div class="scroll blotter" tabIndex={0} role="region" aria-label="Trades">
        <table>
          <thead>
            <tr>
              <th scope="col">Trade</th>
              <th scope="col">Line</th>
              <th scope="col">Instrument</th>
              <th scope="col" class="number">
                Quantity
              </th>
              <th scope="col" class="number">
                Price
              </th>
              <th scope="col">Price from</th>
              <th scope="col" class="number">
                Cash
              </th>
              <th scope="col">
                <span class="hidden">Change or remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {draft.trades.map((trade) => (
              <TradeRows
                key={trade.trade_id}
                trade={trade}
                isKept={isKept}
                busy={acting.busy}
                onEdit={() => onEdit(trade)}
                onRemove={() => remove(trade)}
              />
            ))}
          </tbody>
        </table>
      </div>
      <Problems trouble={acting.trouble} />
    </>
  );
}

interface RowsProps {
  trade: TradeOut;
  isKept: boolean;
  busy: boolean;
  onEdit: () => void;
  onRemove: () => void;
}

function TradeRows({ trade, isKept, busy, onEdit, onRemove }: RowsProps) {
  const text = wantedText(trade.wanted);
  const lines: Array<LegOut | null> = trade.legs.length ? trade.legs : [null];
  return (
    <>
      {lines.map((leg, place) => (
        <tr key={place}>
          {place === 0 && (
            <td rowSpan={lines.length}>
              {trade.place}. {text}
              {typeof trade.wanted["note"] === "string" && trade.wanted["note"] && (
                <small>{trade.wanted["note"]}</small>
              )}
            </td>
          )}
          <td>{leg ? words(leg.kind) : "trades nothing"}</td>
          <td>{leg ? instrument(leg.symbol) : ""}</td>
          <td class="number">
            {leg && <Part measure="quantity" about={`${text}, ${instrument(leg.symbol)}`} amount={number(leg.quantity)} />}
          </td>
          <td class="number">
            {leg && <Part measure="price" about={`${text}, ${instrument(leg.symbol)}`} amount={money(leg.price)} />}
          </td>
          <td>{leg ? `${SOURCES[leg.price_source] ?? leg.price_source}, ${leg.price_date}` : ""}</td>
          <td class="number">
            {leg && <Part measure="cash" about={`${text}, ${instrument(leg.symbol)}`} amount={money(leg.cash, { plus: true })} />}
          </td>
          {place === 0 && (
            <td rowSpan={lines.length}>
              {!isKept && (
                <span class="buttons small">
                  <button type="button" class="quiet" aria-label={`Edit ${text}`} disabled={busy} onClick={onEdit}>
                    Edit
                  </button>
                  <button type="button" class="quiet" aria-label={`Remove ${text}`} disabled={busy} onClick={onRemove}>
                    ✕
                  </button>
                </span>
              )}
            </td>
          )}
        </tr>
      ))}
    </>
  );
}

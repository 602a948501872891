import { useEffect, useState } from "preact/hooks";

import { read } from "../../api/client";
import { reverseTransaction } from "../../api/positions";
import type { TransactionOut, TransactionPage } from "../../api/types";
import { instrument, money, number, words } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { Editing, mayEdit } from "../../parts/Editing";
import { Figure } from "../../parts/Figure";
import { FormDialog } from "../../parts/Form";
import { Panel } from "../../parts/Panel";
import { useBook } from "../../state/book";
import { describe } from "../../state/loading";
import { EntryForm } from "./EntryForm";
import { Said } from "./Said";
import { useSaving } from "./saving";

const PAGE = 100;

interface Props {
  portfolioId: string;
  version: string;
  symbol?: string;
  onChanged: () => void;
}

/** The lines of the ledger, the newest first: entered, and reversed by another line. */
export function Ledger({ portfolioId, version, symbol, onChanged }: Props) {
  const { outcome, busy, save } = useSaving();
  const [lines, setLines] = useState<TransactionOut[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const load = async (after: string | null) => {
    const query = { symbol, sort: "-trade_date", limit: PAGE, after: after ?? undefined };
    const page: TransactionPage = await read("portfolios/{portfolio_id}/transactions", { portfolio_id: portfolioId }, query);
    setLines((before) => (after && before ? [...before, ...page.items] : page.items));
    setNext(page.next);
  };
  const show = (after: string | null) => {
    setProblem(null);
    load(after).catch((error: unknown) => setProblem(describe(error)));
  };
  useEffect(() => show(null), [portfolioId, version, symbol]);
  const [reversing, setReversing] = useState<TransactionOut | null>(null);
  const onReverse = mayEdit(useBook().portfolio) ? setReversing : null;
  /** Its line says so at once: before the ledger is read again, nothing offers a second reversal. */
  const reverse = async (line: TransactionOut) => {
    const saved = await reverseTransaction(portfolioId, line.transaction_id);
    const reversal = saved.transactions[0]?.transaction_id ?? null;
    const undone = { ...line, counts: false, reversed_by: reversal };
    setLines((before) => before?.map((each) => (each.transaction_id === line.transaction_id ? undone : each)) ?? null);
    await save(Promise.resolve(saved), "Reversed.");
    onChanged();
  };
  return (
    <div class="grid">
      <Panel title="Transactions" wide note="the newest first; a line never changes, a reversal undoes it">
        {problem && <p role="alert">{problem}</p>}
        <Said outcome={outcome} />
        {lines?.length ? (
          <DataTable label="Transactions" columns={COLUMNS} rows={lines.map((line) => rowOf(line, busy, onReverse))} />
        ) : (
          !problem && <p class="empty">{lines ? "No transaction yet." : "Loading …"}</p>
        )}
        {next && (
          <p class="buttons small">
            <button type="button" onClick={() => show(next)}>
              Earlier ones
            </button>
          </p>
        )}
      </Panel>
      <Panel title="Enter a transaction" wide>
        <Editing>
          <EntryForm portfolioId={portfolioId} symbol={symbol} onSaved={onChanged} />
        </Editing>
      </Panel>
      {reversing && (
        <FormDialog
          label={`Reverse ${nameOf(reversing)}?`}
          action="Reverse it"
          submit={() => reverse(reversing)}
          onClose={() => setReversing(null)}
        >
          <p>A new line undoes it; nothing is erased.</p>
        </FormDialog>
      )}
    </div>
  );
}

const COLUMNS = [
  { name: "Day" },
  { name: "Kind" },
  { name: "Instrument" },
  { name: "Quantity", numeric: true },
  { name: "Price", numeric: true },
  { name: "Fees", numeric: true },
  { name: "Cash", numeric: true },
  { name: "From" },
  { name: "" },
];

function nameOf(line: TransactionOut): string {
  return [words(line.kind).toLowerCase(), line.symbol ? instrument(line.symbol) : "–", line.trade_date].join(" ");
}

/** `onReverse`: null for one who may only read the portfolio. */
function rowOf(line: TransactionOut, busy: boolean, onReverse: ((line: TransactionOut) => void) | null) {
  const name = line.symbol ? instrument(line.symbol) : "–";
  const of = nameOf(line);
  const figure = (measure: string, value: number | null, text: string) =>
    value === null ? (
      ""
    ) : (
      <Figure measure={measure} of={of}>
        {text}
      </Figure>
    );
  const struck = line.counts ? "" : "struck";
  const amount = line.cash ?? line.amount;
  return [
    <span class={struck}>{line.trade_date}</span>,
    <span class={struck}>{words(line.kind)}</span>,
    <span class={struck} title={line.note || undefined}>
      {name}
    </span>,
    figure("quantity", line.quantity, number(line.quantity)),
    figure("price", line.price, money(line.price)),
    line.fees ? figure("fees", line.fees, money(line.fees)) : "",
    figure("amount", amount, money(amount, { plus: line.kind !== "equity" })),
    line.source === "system" ? "market data" : line.source,
    line.reverses ? (
      <span class="pill">reversal</span>
    ) : line.reversed_by ? (
      <span class="pill warn">reversed</span>
    ) : line.source === "system" || !onReverse ? (
      ""
    ) : (
      <button type="button" class="quiet" disabled={busy} aria-label={`Reverse ${of}`} onClick={() => onReverse(line)}>
        Reverse
      </button>
    ),
  ];
}

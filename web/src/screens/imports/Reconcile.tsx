import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { ApiProblem, applyDifferences, reconcileFile } from "../../api/client";
import type { ListedPortfolio } from "../../api/names";
import type {
  DifferenceOut,
  FieldError,
  FileMapping,
  ProposedLine,
  ReconciledOut,
  ReconciliationOut,
} from "../../api/types";
import { instrument, money, number, words } from "../../format";
import { Counts } from "../../parts/Counts";
import { DataTable } from "../../parts/DataTable";
import { Part } from "../../parts/Part";
import { Panel } from "../../parts/Panel";
import { useAddress } from "../../state/address";
import { describe } from "../../state/loading";

const KINDS: Record<string, string> = {
  missing: "missing here",
  extra: "not in the file",
  quantity: "other quantity",
  cost: "other cost",
  cash: "cash",
};
const NUMERIC = { numeric: true } as const;

interface Props {
  file: File | null;
  mapping: FileMapping | null;
  /** What is shown between the choices and the differences. */
  editor: ComponentChildren;
  portfolios: ListedPortfolio[];
  onApplied: () => void;
}

/** A broker's file beside a portfolio: what differs, and the chosen differences entered. */
export function Reconcile({ file, mapping, editor, portfolios, onApplied }: Props) {
  const address = useAddress();
  const [found, setFound] = useState<ReconciliationOut | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [applied, setApplied] = useState<ReconciledOut | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [lines, setLines] = useState<FieldError[]>([]);
  const [waiting, setWaiting] = useState(false);
  const fail = (error: unknown) => {
    setProblem(describe(error));
    setLines(error instanceof ApiProblem ? error.errors : []);
    setWaiting(false);
  };
  const start = () => {
    setProblem(null);
    setLines([]);
    setApplied(null);
    setWaiting(true);
  };
  const compare = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    if (!file) {
      setProblem("Choose a file first.");
      return;
    }
    start();
    const query = { portfolio_id: String(form.get("portfolio")), lines: String(form.get("lines")) };
    reconcileFile(query, file, mapping).then((answer) => {
      setFound(answer);
      setChosen(new Set());
      setWaiting(false);
    }, fail);
  };
  const apply = () => {
    if (!file || !found) return;
    start();
    const query = { portfolio_id: found.portfolio_id, lines: found.lines, comparison: found.hash };
    applyDifferences(query, [...chosen], file, mapping).then((answer) => {
      setApplied(answer);
      setFound(null);
      setWaiting(false);
      onApplied();
    }, fail);
  };
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return (
    <>
      <Panel title="Portfolio" note="nothing is written by comparing">
        <form class="import" onSubmit={compare} aria-label="Compare a file with a portfolio">
          <label>
            Portfolio
            <select name="portfolio" required>
              {portfolios.map((each) => (
                <option
                  key={each.portfolio_id}
                  value={each.portfolio_id}
                  selected={each.portfolio_id === address["portfolio"]}
                >
                  {each.name}
                </option>
              ))}
            </select>
          </label>
          <label>
            Differences are entered as <small>trades move cash; transfers do not</small>
            <select name="lines">
              <option value="trades">trades</option>
              <option value="transfers">transfers</option>
            </select>
          </label>
          <p class="buttons">
            <button type="submit" class="primary" disabled={waiting}>
              {waiting ? "Reading …" : "Compare"}
            </button>
          </p>
        </form>
      </Panel>
      {editor}
      <Panel title="Differences" wide note={found ? `on ${found.day}, ${found.agreeing} agree` : undefined}>
        {problem && <p role="alert">{problem}</p>}
        {lines.length > 0 && <Problems lines={lines} />}
        {applied && <Applied applied={applied} />}
        {found && (
          <>
            <Sums found={found} />
            {found.differences.length ? (
              <Table differences={found.differences} chosen={chosen} onToggle={toggle} />
            ) : (
              <p class="empty">The file and the portfolio agree.</p>
            )}
            {found.differences.length > 0 && (
              <Choose found={found} chosen={chosen} waiting={waiting} onChoose={setChosen} onApply={apply} />
            )}
            {found.problems.length > 0 && <Problems lines={found.problems} />}
          </>
        )}
        {!found && !applied && !problem && <p class="empty">Choose a file and a portfolio, and compare them.</p>}
      </Panel>
    </>
  );
}

function Problems({ lines }: { lines: FieldError[] }) {
  return (
    <>
      <h3>Lines that are in no comparison</h3>
      <DataTable
        label="Problems by line"
        columns={[{ name: "Line", ...NUMERIC }, { name: "Field" }, { name: "Problem" }]}
        rows={lines.map((each) => [
          String(each.line ?? "–"),
          each.field ?? "–",
          <span class="wrap">{each.message}</span>,
        ])}
      />
    </>
  );
}

/** Cash on both sides, and the file's own total beside what its lines add up to. */
function Sums({ found }: { found: ReconciliationOut }) {
  const { cash, totals } = found;
  const unsaid = totals.reason ?? undefined;
  const usd = (name: string, measure: string, value: number | null, note?: string | null, plus = false) => ({
    name,
    measure,
    text: money(value, { plus }),
    note: note ?? undefined,
  });
  const sums = [
    usd("Cash in the file", "cash", cash.file),
    usd("Cash here", "cash", cash.portfolio, cash.portfolio_as_of),
    usd("Difference in cash", "difference", cash.difference, cash.reason, true),
    usd("Total of the file", "total", totals.total, totals.total === null ? unsaid : undefined),
    usd("Its positions", "market_value", totals.positions, totals.positions === null ? unsaid : undefined),
    usd("Its refused lines", "refused", totals.refused, `${found.refused} of ${found.rows}`),
    usd("Left of the total", "difference", totals.difference, totals.total === null ? unsaid : undefined, true),
  ];
  return <Counts of="The comparison" counts={sums} />;
}

interface TableProps {
  differences: DifferenceOut[];
  chosen: ReadonlySet<string>;
  onToggle: (id: string) => void;
}

const COLUMNS = [
  { name: "" },
  { name: "Instrument" },
  { name: "Difference" },
  { name: "File", ...NUMERIC, measure: "quantity" },
  { name: "Here", ...NUMERIC, measure: "quantity" },
  { name: "Quantity", ...NUMERIC, measure: "quantity" },
  { name: "Cost in the file", ...NUMERIC, measure: "cost" },
  { name: "Cost here", ...NUMERIC, measure: "cost" },
  { name: "Would be entered" },
];

function Table({ differences, chosen, onToggle }: TableProps) {
  return (
    <DataTable
      label="Differences"
      columns={COLUMNS}
      rows={differences.map((each) => {
        const name = each.symbol ? instrument(each.symbol) : "Cash";
        return [
          <input
            type="checkbox"
            aria-label={`Enter ${name}, ${KINDS[each.kind] ?? each.kind}`}
            checked={chosen.has(each.id)}
            disabled={!each.transactions.length}
            onChange={() => onToggle(each.id)}
          />,
          name,
          <span class={`pill ${each.kind === "cost" ? "" : "warn"}`}>{KINDS[each.kind] ?? each.kind}</span>,
          number(each.file?.quantity, 6),
          number(each.portfolio?.quantity, 6),
          <Part measure="quantity" about={`${name}, difference`} amount={number(each.quantity, 6, true)} />,
          money(each.file?.cost),
          money(each.portfolio?.cost),
          each.transactions.length ? (
            each.transactions.map((line, place) => <div key={place}>{sentence(line)}</div>)
          ) : (
            <span class="wrap note">{each.reason}</span>
          ),
        ];
      })}
    />
  );
}

function sentence(line: ProposedLine): string {
  if (line.amount !== null) return `${words(line.kind)} ${money(Math.abs(line.amount))}`;
  const corrects = line.reverses ? ", in place of the line that opened it" : "";
  return `${words(line.kind)} ${number(Math.abs(line.quantity ?? 0), 6)} at ${money(line.price)}${corrects}`;
}

interface ChooseProps {
  found: ReconciliationOut;
  chosen: ReadonlySet<string>;
  waiting: boolean;
  onChoose: (chosen: ReadonlySet<string>) => void;
  onApply: () => void;
}

function Choose({ found, chosen, waiting, onChoose, onApply }: ChooseProps) {
  const possible = found.differences.filter((each) => each.transactions.length).map((each) => each.id);
  return (
    <div class="toolbar">
      <button type="button" class="quiet" onClick={() => onChoose(new Set(possible))}>
        All {possible.length}
      </button>
      <button type="button" class="quiet" onClick={() => onChoose(new Set())}>
        None
      </button>
      <button type="button" class="primary" disabled={waiting || !chosen.size} onClick={onApply}>
        Enter {chosen.size} {chosen.size === 1 ? "difference" : "differences"}
      </button>
      {!chosen.size && <span class="note">Mark the differences that shall be entered first.</span>}
      {chosen.has("cash") && <span class="note">Cash is entered as what the other chosen lines leave of it.</span>}
    </div>
  );
}

function Applied({ applied }: { applied: ReconciledOut }) {
  return (
    <>
      <p role="status">
        <span class="pill good">{applied.repeated ? "entered before" : "entered"}</span>{" "}
        {applied.transactions.length} {applied.transactions.length === 1 ? "transaction" : "transactions"}; the
        portfolio is measured again.
      </p>
      <DataTable
        label="Transactions entered"
        columns={[
          { name: "Day" },
          { name: "Type" },
          { name: "Instrument" },
          { name: "Quantity", ...NUMERIC, measure: "quantity" },
          { name: "Price", ...NUMERIC, measure: "price" },
          { name: "Amount", ...NUMERIC, measure: "amount" },
        ]}
        rows={applied.transactions.map((each) => [
          each.trade_date,
          words(each.kind),
          each.symbol ? instrument(each.symbol) : "Cash",
          number(each.quantity, 6),
          money(each.price),
          money(each.amount),
        ])}
      />
    </>
  );
}

import type { ChangeOut, EntryOut, UploadReport } from "../../api/types";
import { instrument, money, number, words } from "../../format";
import { Counts, type Count } from "../../parts/Counts";
import { DataTable } from "../../parts/DataTable";
import { Panel } from "../../parts/Panel";
import { go } from "../../state/address";
import type { Outcome } from "../Import";

const MOST_SHOWN = 200;
const NUMERIC = { numeric: true } as const;

/** What became, or would become, of every line. */
export function Receipt({ outcome }: { outcome: Outcome }) {
  const { report, problem, lines } = outcome;
  return (
    <Panel title={report?.dry_run ? "Preview: nothing is written" : "Receipt"} wide note={report ? sourceOf(report) : undefined}>
      {problem && <p role="alert">{problem}</p>}
      {report && <ReportCounts report={report} />}
      {report && outcome.withoutEquity && <NavStart report={report} />}
      {lines.length > 0 && (
        <>
          <h3>Problems by line</h3>
          <DataTable
            label="Problems by line"
            columns={[{ name: "Line", ...NUMERIC }, { name: "Field" }, { name: "Problem" }]}
            rows={lines
              .slice(0, MOST_SHOWN)
              .map((each) => [String(each.line ?? "–"), each.field ?? "–", <span class="wrap">{each.message}</span>])}
          />
        </>
      )}
      {report && <Lines report={report} />}
      {!report && !problem && <p class="empty">What becomes of every line is shown here.</p>}
      {report && !report.dry_run && report.portfolio && (
        <button type="button" class="link" onClick={() => go({ screen: "overview", task: undefined })}>
          Open {report.portfolio.name}: its figures follow within seconds
        </button>
      )}
    </Panel>
  );
}

function sourceOf(report: UploadReport): string {
  const { layout, format, exported_on } = report.source;
  return [layout ?? words(format), exported_on && `of ${exported_on}`].filter(Boolean).join(", ");
}

function ReportCounts({ report }: { report: UploadReport }) {
  const { receipt, totals, source } = report;
  const count = (name: string, measure: string, value: number): Count => ({ name, measure, text: number(value, 0) });
  const usd = (name: string, measure: string, value: number | null, plus = false): Count => ({
    name,
    measure,
    text: money(value, { plus }),
  });
  const counts = [
    count("Lines", "rows", receipt.rows),
    count("New", "new", receipt.new),
    count("Updated", "updated", receipt.updated),
    count("Unchanged", "unchanged", receipt.unchanged),
    count("Refused", "refused", receipt.refused),
    count("Skipped", "skipped", receipt.skipped),
    usd("Cost of longs", "long_cost", totals.file.long_cost),
    usd("Cost of shorts", "short_cost", totals.file.short_cost),
    usd("Cash in the file", "cash", source.cash),
  ];
  const sums = totals.export;
  if (sums && sums.total !== null)
    counts.push(
      usd("Total of the file", "total", sums.total),
      usd("Its refused lines", "refused", sums.refused),
      usd("Left of the total", "difference", sums.difference, true),
    );
  return <Counts of={report.dry_run ? "The preview" : "The receipt"} counts={counts} />;
}

/** Of a new portfolio without an equity: where its NAV starts; beside shorts that is near or below zero. */
function NavStart({ report }: { report: UploadReport }) {
  const { file, portfolio } = report.totals;
  const isNew = report.portfolio === null || (report.portfolio.equity_balance === null && portfolio?.lots === file.lots);
  if (!isNew || report.source.equity_balance !== null || !report.changes.length) return null;
  return (
    <p class={file.short_cost ? "stale" : "note"} role="note">
      NAV starts at the net value of the positions, unless the equity is entered
      {file.short_cost ? `: longs that cost ${money(file.long_cost)} less shorts of ${money(Math.abs(file.short_cost))}` : ""}
      . Cash is in it only by the equity; returns and shares of NAV are measured by it.
    </p>
  );
}

/** The lines that are entered, or would be, and those that are skipped or worth a notice. */
function Lines({ report }: { report: UploadReport }) {
  const { changes, transactions, warnings } = report;
  const skipped = report.source.skipped;
  return (
    <>
      {changes.length > 0 && (
        <>
          <h3>Positions</h3>
          <DataTable
            label="Positions by line"
            columns={POSITIONS}
            names={changes.map((each) => `Line ${each.line}, ${instrument(each.symbol)}`)}
            rows={changes.slice(0, MOST_SHOWN).map(positionRow)}
          />
        </>
      )}
      {transactions.length > 0 && (
        <>
          <h3>Transactions</h3>
          <DataTable
            label="Transactions by line"
            columns={TRANSACTIONS}
            names={transactions.map((each) => `Line ${each.line}, ${each.symbol ? instrument(each.symbol) : words(each.kind)}`)}
            rows={transactions.slice(0, MOST_SHOWN).map(entryRow)}
          />
        </>
      )}
      {warnings.length > 0 && (
        <>
          <h3>Notices</h3>
          <DataTable
            label="Notices by line"
            columns={[{ name: "Line", ...NUMERIC }, { name: "Notice" }]}
            rows={warnings
              .slice(0, MOST_SHOWN)
              .map((each) => [String(each.line ?? "–"), <span class="wrap">{each.message}</span>])}
          />
        </>
      )}
      {skipped.length > 0 && (
        <>
          <h3>Skipped</h3>
          <DataTable
            label="Skipped lines"
            columns={[{ name: "Line", ...NUMERIC }, { name: "What" }, { name: "Why" }]}
            rows={skipped
              .slice(0, MOST_SHOWN)
              .map((each) => [String(each.line), each.label, <span class="wrap">{each.message}</span>])}
          />
        </>
      )}
    </>
  );
}

const POSITIONS = [
  { name: "Line", ...NUMERIC },
  { name: "Position" },
  { name: "Becomes" },
  { name: "Quantity", ...NUMERIC, measure: "quantity" },
  { name: "Entry price", ...NUMERIC, measure: "entry_price" },
  { name: "Entered" },
  { name: "Tags" },
];

function positionRow(each: ChangeOut) {
  return [
    String(each.line),
    instrument(each.symbol),
    <span class={`pill ${each.kind === "new" ? "good" : each.kind === "updated" ? "warn" : ""}`}>{each.kind}</span>,
    number(each.quantity, 6),
    money(each.entry_price),
    each.entry_date,
    each.tags.join(", "),
  ];
}

const TRANSACTIONS = [
  { name: "Line", ...NUMERIC },
  { name: "Day" },
  { name: "Type" },
  { name: "Instrument" },
  { name: "Quantity", ...NUMERIC, measure: "quantity" },
  { name: "Price", ...NUMERIC, measure: "price" },
  { name: "Amount", ...NUMERIC, measure: "amount" },
  { name: "Fees", ...NUMERIC, measure: "fees" },
];

function entryRow(each: EntryOut) {
  return [
    String(each.line),
    each.trade_date,
    words(each.kind),
    each.symbol ? instrument(each.symbol) : "–",
    number(each.quantity, 6),
    money(each.price),
    money(each.amount),
    money(each.fees),
  ];
}

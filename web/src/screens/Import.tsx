import { useState } from "preact/hooks";

import { ApiProblem, upload } from "../api/client";
import type { FieldError, UploadReport } from "../api/types";
import { money } from "../format";
import { DataTable } from "../parts/DataTable";
import { Panel } from "../parts/Panel";
import { go } from "../state/address";
import { describe } from "../state/loading";

interface Result {
  report: UploadReport | null;
  problem: string | null;
  lines: FieldError[];
}

const NOTHING: Result = { report: null, problem: null, lines: [] };
const MOST_SHOWN = 200;

/** A file of positions or transactions: a preview that writes nothing, then the upload. */
export function Import({ onLoaded }: { onLoaded: () => void }) {
  const [result, setResult] = useState<Result>(NOTHING);
  const [waiting, setWaiting] = useState(false);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const preview = (event.submitter as HTMLButtonElement | null)?.value === "preview";
    for (const [name, value] of [...form]) if (value === "") form.delete(name);
    form.set("dry_run", String(preview));
    setWaiting(true);
    upload(form).then(
      (report) => {
        setResult({ report, problem: null, lines: report.problems });
        setWaiting(false);
        if (!preview && report.portfolio) {
          onLoaded();
          go({ portfolio: report.portfolio.portfolio_id }, true);
        }
      },
      (error: unknown) => {
        const lines = error instanceof ApiProblem ? error.errors : [];
        setResult({ report: null, problem: describe(error), lines });
        setWaiting(false);
      },
    );
  };
  return (
    <div class="grid">
      <Panel title="Import a file" note="CSV of positions, of a broker, or of transactions">
        <form class="import" onSubmit={submit} aria-label="Import a file">
          <label>
            File
            <input name="file" type="file" accept=".csv,text/csv" required />
          </label>
          <label>
            Portfolio <small>default: the file's name; an existing one is added to</small>
            <input name="portfolio_name" maxLength={100} />
          </label>
          <label>
            Equity in USD <small>of a new portfolio; default: the value of its positions</small>
            <input name="equity_balance" inputMode="decimal" />
          </label>
          <label>
            Lines with problems
            <select name="mode">
              <option value="partial">are left out</option>
              <option value="all_or_nothing">keep the whole file out</option>
            </select>
          </label>
          <p class="buttons">
            <button type="submit" value="preview" disabled={waiting}>
              Preview
            </button>
            <button type="submit" value="import" class="primary" disabled={waiting}>
              {waiting ? "Reading …" : "Import"}
            </button>
          </p>
        </form>
        <p class="note">
          Columns: ticker, quantity (below zero is short), entry_price, entry_date, tags. Options by their OCC symbol.
        </p>
      </Panel>
      <Receipt result={result} />
    </div>
  );
}

function Receipt({ result }: { result: Result }) {
  const { report, problem, lines } = result;
  return (
    <Panel title={report?.dry_run ? "Preview: nothing is written" : "Receipt"}>
      {problem && <p role="alert">{problem}</p>}
      {report && <Counts report={report} />}
      {lines.length > 0 && (
        <DataTable
          label="Problems by line"
          columns={[{ name: "Line", numeric: true }, { name: "Field" }, { name: "Problem" }]}
          rows={lines
            .slice(0, MOST_SHOWN)
            .map((each) => [String(each.line ?? "–"), each.field ?? "–", <span class="wrap">{each.message}</span>])}
        />
      )}
      {!report && !problem && <p class="empty">What becomes of every line is shown here.</p>}
      {report && !report.dry_run && report.portfolio && (
        <button type="button" class="link" onClick={() => go({ screen: "overview" })}>
          Open {report.portfolio.name}: its figures follow within seconds
        </button>
      )}
    </Panel>
  );
}

function Counts({ report }: { report: UploadReport }) {
  const { receipt, totals } = report;
  const counts: Array<[string, string]> = [
    ["Lines", String(receipt.rows)],
    ["New", String(receipt.new)],
    ["Updated", String(receipt.updated)],
    ["Unchanged", String(receipt.unchanged)],
    ["Refused", String(receipt.refused)],
    ["Skipped", String(receipt.skipped)],
    ["Cost of longs", money(totals.file.long_cost)],
    ["Cost of shorts", money(totals.file.short_cost)],
  ];
  return (
    <dl class="periods">
      {counts.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

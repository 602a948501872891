import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";

import { ApiProblem, recogniseFile, read, upload } from "../api/client";
import type { PagePortfolioList } from "../api/names";
import type { FieldError, FileMapping, RecognisedFile, UploadReport } from "../api/types";
import { Panel } from "../parts/Panel";
import { go, useAddress } from "../state/address";
import { describe, useLoaded } from "../state/loading";
import type { ScreenProps } from "../state/screens";
import { HeaderChoice, type Where } from "./imports/HeaderChoice";
import { MappingEditor } from "./imports/MappingEditor";
import { Receipt } from "./imports/Receipt";
import { Reconcile } from "./imports/Reconcile";

export interface Outcome {
  report: UploadReport | null;
  problem: string | null;
  lines: FieldError[];
  /** The equity was left empty: NAV starts at the value of the positions. */
  withoutEquity?: boolean;
}

const NOTHING: Outcome = { report: null, problem: null, lines: [] };
const TASKS = [
  { id: "import", name: "Import" },
  { id: "reconcile", name: "Reconcile" },
];

/** A file from what it is over its columns and a preview to the receipt; or beside a portfolio. */
export function Import({ onLoaded }: ScreenProps) {
  const address = useAddress();
  const task = address["task"] === "reconcile" ? "reconcile" : "import";
  const [file, setFile] = useState<File | null>(null);
  const [found, setFound] = useState<RecognisedFile | null>(null);
  const [mapping, setMapping] = useState<FileMapping | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const portfolios = useLoaded<PagePortfolioList>("import portfolios", () =>
    read("portfolios", {}, { limit: 1000, sort: "name" }),
  );
  const list = portfolios.value?.items ?? [];
  const look = (chosen: File, where: Where = {}) => {
    setProblem(null);
    recogniseFile(chosen, { ...where }).then(
      (answer) => {
        setFound(answer);
        setMapping(answer.problem || !answer.format ? answer.suggested : null);
      },
      (error: unknown) => {
        if (!where.separator) setFound(null);
        setProblem(describe(error));
      },
    );
  };
  const choose = (event: Event) => {
    const chosen = (event.currentTarget as HTMLInputElement).files?.[0] ?? null;
    setFile(chosen);
    setFound(null);
    setMapping(null);
    if (chosen) look(chosen);
  };
  const saved = () => {
    setMapping(null);
    if (file) look(file);
  };
  const editor = found && mapping && (
    <MappingEditor found={found} mapping={mapping} onChange={setMapping} onSaved={saved} />
  );
  return (
    <div class="grid imports">
      <div class="toolbar wide">
        <div class="choice" role="group" aria-label="What to do with the file">
          {TASKS.map(({ id, name }) => (
            <button
              key={id}
              type="button"
              aria-pressed={task === id}
              onClick={() => go({ task: id === "import" ? undefined : id })}
            >
              {name === "Import" ? "Add to a portfolio" : "Compare with a portfolio"}
            </button>
          ))}
        </div>
      </div>
      <Panel title="File" note="positions or transactions: CSV, Flex XML, OFX">
        <div class="import">
          <label>
            File
            <input name="file" type="file" accept={KINDS} onChange={choose} />
          </label>
        </div>
        {problem && <p role="alert">{problem}</p>}
        {found ? (
          <>
            <Recognised found={found} mapped={mapping !== null} onMap={() => setMapping(found.suggested)} />
            {file && found.first_lines.length > 0 && (mapping || !found.format) && (
              <HeaderChoice found={found} onChoose={(where) => look(file, where)} />
            )}
          </>
        ) : (
          <p class="note">
            Our columns: ticker, quantity (below zero is short), entry_price, entry_date, tags; options by their OCC
            symbol. Files of Schwab, Fidelity, Vanguard, E*TRADE, Interactive Brokers (CSV and XML), tastytrade and Yahoo,
            statements in OFX or QFX, and the transactions of most brokers are read as they are; the columns of any
            other are mapped here.
          </p>
        )}
      </Panel>
      {task === "import" ? (
        <Loading file={file} found={found} mapping={mapping} editor={editor} onLoaded={onLoaded} />
      ) : (
        <Reconcile file={file} mapping={mapping} editor={editor} portfolios={list} onApplied={onLoaded} />
      )}
    </div>
  );
}

interface RecognisedProps {
  found: RecognisedFile;
  mapped: boolean;
  onMap: () => void;
}

/** What the file is, in a sentence. */
function Recognised({ found, mapped, onMap }: RecognisedProps) {
  const rows = `${found.rows ?? 0} ${found.rows === 1 ? "row" : "rows"}`;
  const known = found.layout ?? (found.format ? FORMATS[found.format] : null);
  return (
    <div role="status" aria-label="What the file is">
      <p>
        {known ? (
          <>
            <span class={`pill ${found.problem ? "warn" : "good"}`}>{found.profile_id ? "Saved mapping" : "Recognised"}</span>{" "}
            {known}, {rows}
            {found.problem && `: line ${found.problem.line}: ${found.problem.message}`}
          </>
        ) : (
          <>
            <span class="pill warn">Not recognised</span>{" "}
            {found.columns.length
              ? "No layout reads its columns: say below what each of them is."
              : (found.problem?.message ?? "It has no header.")}
          </>
        )}
      </p>
      {known && !mapped && found.suggested && (
        <button type="button" class="quiet" onClick={onMap}>
          Read its columns otherwise
        </button>
      )}
    </div>
  );
}

const KINDS = ".csv,.tsv,.tab,.txt,.xml,.ofx,.qfx,text/csv,text/xml";
const FORMATS: Record<string, string> = {
  five_columns: "Positions in five columns",
  twelve_columns: "Positions in twelve columns",
  schwab_positions: "Charles Schwab positions",
  transactions: "Transactions",
};

/** Whether no line of the file is entered or is there already. */
function entersNothing({ receipt }: UploadReport): boolean {
  return receipt.refused > 0 && receipt.new + receipt.updated + receipt.unchanged === 0;
}

interface LoadingProps extends ScreenProps {
  file: File | null;
  found: RecognisedFile | null;
  mapping: FileMapping | null;
  /** What is shown between the choices and the receipt. */
  editor: ComponentChildren;
}

/** What was previewed as it is: another file, mapping or choice in the form is not. */
interface Previewed {
  file: File;
  mapping: FileMapping | null;
}

/** The portfolio to load into, a preview, and the receipt. */
function Loading({ file, found, mapping, editor, onLoaded }: LoadingProps) {
  const [outcome, setOutcome] = useState<Outcome>(NOTHING);
  const [waiting, setWaiting] = useState(false);
  const [previewed, setPreviewed] = useState<Previewed | null>(null);
  const typed = useRef(0);
  const isPreviewed = previewed !== null && previewed.file === file && previewed.mapping === mapping;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const preview = (event.submitter as HTMLButtonElement | null)?.value === "preview";
    for (const [name, value] of [...form]) if (value === "") form.delete(name);
    if (!file) {
      setOutcome({ ...NOTHING, problem: "Choose a file first." });
      return;
    }
    form.set("file", file);
    form.set("dry_run", String(preview));
    if (mapping) form.set("mapping", JSON.stringify(mapping));
    setWaiting(true);
    setPreviewed(null);
    const before = typed.current;
    upload(form).then(
      (report) => {
        setOutcome({ report, problem: null, lines: report.problems, withoutEquity: !form.has("equity_balance") });
        setWaiting(false);
        if (preview && typed.current === before) setPreviewed({ file, mapping });
        if (!preview && report.portfolio) {
          onLoaded();
          go({ portfolio: report.portfolio.portfolio_id }, true);
        }
      },
      (error: unknown) => {
        const lines = error instanceof ApiProblem ? error.errors : [];
        setOutcome({ report: null, problem: describe(error), lines });
        setWaiting(false);
      },
    );
  };
  const isRefused = isPreviewed && outcome.report !== null && entersNothing(outcome.report);
  const changed = () => {
    typed.current += 1;
    setPreviewed(null);
  };
  return (
    <>
      <Panel title="Into a portfolio" note="a preview writes nothing">
        <form class="import" onSubmit={submit} onInput={changed} aria-label="Import a file">
          <label>
            Portfolio <small>default: the file's name; an existing one is added to</small>
            <input name="portfolio_name" maxLength={100} />
          </label>
          <label>
            Equity in USD{" "}
            <small>of a new portfolio, its cash included; default: the value of its longs less that of its shorts</small>
            <input name="equity_balance" inputMode="decimal" />
          </label>
          <label>
            Entry date <small>of a file without dates; default: the day of the file</small>
            <input name="entry_date" type="date" />
          </label>
          {found && found.lists.length > 1 && (
            <label>
              The file lists both <small>positions are what its transactions led to: read one</small>
              <select name="use">
                {found.lists.map((use) => (
                  <option key={use} value={use}>
                    {use}
                  </option>
                ))}
              </select>
            </label>
          )}
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
            <button
              type="submit"
              value="import"
              class="primary"
              disabled={waiting || !isPreviewed || isRefused}
              aria-describedby="import-waits"
            >
              {waiting ? "Reading …" : "Import"}
            </button>
          </p>
          <p class="note" id="import-waits">
            {isRefused
              ? "Every line is refused: the problems below say why."
              : isPreviewed
                ? "As the preview shows it."
                : "Preview it first: this file, read in this way."}
          </p>
        </form>
      </Panel>
      {editor}
      <Receipt outcome={outcome} />
    </>
  );
}

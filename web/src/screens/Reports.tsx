import { useEffect, useState } from "preact/hooks";

import {
  addSchedule,
  addressOf,
  cancelReport,
  changeSchedule,
  deleteReport,
  deleteSchedule,
  generateReport,
  read,
} from "../api/client";
import type {
  NewReport,
  NewSchedule,
  ReportOut,
  ReportPage,
  ReportTemplates,
  ScheduleList,
  ScheduleOut,
} from "../api/types";
import { moment, number, words } from "../format";
import { DataTable } from "../parts/DataTable";
import { FormDialog } from "../parts/Form";
import { Panel } from "../parts/Panel";
import { Waiting } from "../parts/Waiting";
import { useBook } from "../state/book";
import { useReportNews } from "../state/events";
import { describe, useLoaded } from "../state/loading";

const SHOWN = 50;
/** While one is rendered, its progress is read again; its end is an event. */
const LOOK_MILLISECONDS = 1000;
const TONES: Record<string, string> = { rendered: "good", failed: "bad", cancelled: "warn", expired: "warn" };
const FORMATS: Record<string, string> = {
  pdf: "PDF",
  html: "HTML, one file",
  xlsx: "Excel workbook",
  md: "Markdown",
  json: "JSON",
  csv: "CSV of positions",
  parquet: "Parquet tables",
};
const SECTIONS: Record<string, string> = { var: "Risk and backtest", changes: "Since the session before" };

function isOpen(report: ReportOut): boolean {
  return report.state === "queued" || report.state === "rendering";
}

/** Documents of the portfolio: generate, follow, download, repeat after sessions. */
export function Reports() {
  const { report, version, asOf } = useBook();
  const news = useReportNews();
  const [turn, setTurn] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const [leaving, setLeaving] = useState<ReportOut | null>(null);
  const id = report.portfolio.portfolio_id;
  const reports = useLoaded<ReportPage>(
    id,
    () =>
      read("reports", {}, { portfolio_id: id, limit: SHOWN }),
    `${version} ${news} ${turn}`,
  );
  const templates = useLoaded<ReportTemplates>("report templates", () => read("reports/templates"));
  const schedules = useLoaded<ScheduleList>("schedules", () => read("reports/schedules"), turn);
  const items = reports.value?.items ?? [];
  const waits = items.some(isOpen);
  useEffect(() => {
    if (!waits) return;
    const timer = window.setTimeout(() => setTurn((n) => n + 1), LOOK_MILLISECONDS);
    return () => window.clearTimeout(timer);
  }, [waits, reports.value]);
  const again = () => setTurn((n) => n + 1);
  const act = (work: Promise<unknown>) => {
    setProblem(null);
    work.then(
      again,
      (error: unknown) => setProblem(describe(error)),
    );
  };
  return (
    <div class="grid cards">
      {problem && <p role="alert">{problem}</p>}
      {!templates.value && <Waiting title="Generate a report" loaded={templates} />}
      {templates.value && (
        <Generate
          templates={templates.value}
          onGenerate={(wanted) => act(generateReport({ ...wanted, portfolio_ids: [id], as_of: asOf ?? null }))}
          onSchedule={(wanted) => act(addSchedule({ ...wanted, portfolio_ids: [id] }))}
        />
      )}
      {schedules.value ? (
        <Panel title="Schedules" note="of all portfolios">
          <Schedules items={schedules.value.items} act={act} onDone={again} />
        </Panel>
      ) : (
        <Waiting title="Schedules" loaded={schedules} />
      )}
      {reports.value ? (
        <Panel title="Reports" wide note={`of ${report.portfolio.name}, the last ones first`}>
          {items.length ? (
            <DataTable label="Reports" columns={COLUMNS} rows={items.map((each) => rowOf(each, act, setLeaving))} />
          ) : (
            <p class="empty">No report was generated yet.</p>
          )}
        </Panel>
      ) : (
        <Waiting title="Reports" loaded={reports} wide />
      )}
      {leaving && (
        <FormDialog
          label={`Delete the report of ${leaving.as_of}?`}
          action="Delete it"
          danger
          submit={() => deleteReport(leaving.report_id).then(again)}
          onClose={() => setLeaving(null)}
        >
          <p>Its document is deleted with it. It can be generated again.</p>
        </FormDialog>
      )}
    </div>
  );
}

const COLUMNS = [
  { name: "Report" },
  { name: "Format" },
  { name: "As of" },
  { name: "State" },
  { name: "Size", numeric: true, measure: "byte_count" },
  { name: "Generated" },
  { name: "Kept until" },
  { name: "" },
];

function size(bytes: number | null): string {
  return bytes === null ? "–" : `${number(Math.max(bytes / 1024, 1), 0)} kB`;
}

function rowOf(report: ReportOut, act: (work: Promise<unknown>) => void, onDelete: (report: ReportOut) => void) {
  const place = addressOf("reports/{report_id}/download" as never, { report_id: report.report_id });
  return [
    `${words(report.template)}${report.schedule_id ? ", scheduled" : ""}`,
    FORMATS[report.format] ?? report.format,
    report.as_of,
    <State report={report} />,
    size(report.byte_count),
    moment(report.created_at),
    report.state === "rendered" && report.expires_at ? moment(report.expires_at) : "–",
    <span class="buttons small">
      {report.state === "rendered" && (
        <a href={place} download={report.file_name}>
          Download
        </a>
      )}
      {isOpen(report) ? (
        <button type="button" class="quiet" onClick={() => act(cancelReport(report.report_id))}>
          Cancel
        </button>
      ) : (
        <button type="button" class="quiet" onClick={() => onDelete(report)}>
          Delete
        </button>
      )}
    </span>,
  ];
}

function State({ report }: { report: ReportOut }) {
  if (report.state === "rendering") {
    return <progress value={report.progress} max={1} aria-label="Rendering" />;
  }
  return (
    <>
      <span class={`pill ${TONES[report.state] ?? ""}`}>{words(report.state)}</span>
      {report.reason && <span class="wrap note">{report.reason}</span>}
    </>
  );
}

type Wanted = Required<Pick<NewReport, "template" | "format">> & Pick<NewReport, "sections">;

interface GenerateProps {
  templates: ReportTemplates;
  onGenerate: (wanted: Wanted) => void;
  onSchedule: (wanted: NewSchedule) => void;
}

function Generate({ templates, onGenerate, onSchedule }: GenerateProps) {
  const offered = templates.items.filter((each) => each.template !== "draft");
  const [chosen, setChosen] = useState("full");
  const template = offered.find((each) => each.template === chosen);
  if (!template) return null;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const sections = form.getAll("section") as Wanted["sections"];
    const wanted = {
      template: template.template as Exclude<Wanted["template"], "draft">,
      format: form.get("format") as Wanted["format"],
      sections: sections?.length ? sections : null,
    };
    if ((event.submitter as HTMLButtonElement | null)?.value !== "schedule") {
      onGenerate(wanted);
      return;
    }
    const cadence = form.get("cadence") as NonNullable<NewSchedule["cadence"]>;
    const name = `${words(wanted.template)} report, ${words(cadence).toLowerCase()}`;
    onSchedule({ ...wanted, cadence, name, enabled: true });
  };
  return (
    <Panel title="Generate a report" note="of the session that is shown">
      <form class="report-form" aria-label="Generate a report" onSubmit={submit}>
        <label>
          Template
          <select value={chosen} onChange={(event) => setChosen(event.currentTarget.value)}>
            {offered.map((each) => (
              <option key={each.template} value={each.template}>
                {words(each.template)}
              </option>
            ))}
          </select>
        </label>
        <label>
          Format
          <select name="format">
            {Object.entries(FORMATS)
              .filter(([name]) => templates.formats.some((each) => each === name))
              .map(([name, label]) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
          </select>
        </label>
        <p class="note across">{template.description}</p>
        <fieldset key={chosen}>
          <legend>Sections</legend>
          {template.sections.map((each) => (
            <label key={each}>
              <input type="checkbox" name="section" value={each} defaultChecked />
              {SECTIONS[each] ?? words(each)}
            </label>
          ))}
        </fieldset>
        <label>
          Repeat
          <select name="cadence">
            <option value="daily">After every session</option>
            <option value="weekly">After the last session of a week</option>
            <option value="monthly">After the last session of a month</option>
          </select>
        </label>
        <p class="buttons across">
          <button type="submit" value="generate" class="primary">
            Generate
          </button>
          <button type="submit" value="schedule">
            Schedule
          </button>
        </p>
      </form>
    </Panel>
  );
}

interface SchedulesProps {
  items: ScheduleOut[];
  act: (work: Promise<unknown>) => void;
  onDone: () => void;
}

function Schedules({ items, act, onDone }: SchedulesProps) {
  const { portfolios } = useBook();
  const [leaving, setLeaving] = useState<ScheduleOut | null>(null);
  if (!items.length) return <p class="empty">No report is scheduled.</p>;
  const nameOf = (id: string) => portfolios.find((each) => each.portfolio_id === id)?.name ?? "a portfolio no longer there";
  const columns = [{ name: "Schedule" }, { name: "Last session" }, { name: "State" }, { name: "" }];
  const rows = items.map((each) => [
    <>
      <span class="wrap slim">
        {each.name} <small>{FORMATS[each.format] ?? each.format}</small>
      </span>
      <span class="wrap slim note">of {each.portfolio_ids.map(nameOf).join(", ")}</span>
      {each.problem && <span class="wrap slim note">{each.problem}</span>}
    </>,
    each.last_session ?? "–",
    <span class={`pill ${each.problem ? "bad" : each.enabled ? "good" : ""}`}>
      {each.problem ? "Problem" : each.enabled ? "Active" : "Paused"}
    </span>,
    <span class="buttons small">
      <button type="button" class="quiet" onClick={() => act(changeSchedule(each.schedule_id, toggled(each)))}>
        {each.enabled ? "Pause" : "Resume"}
      </button>
      <button type="button" class="quiet" aria-label={`Delete ${each.name}`} onClick={() => setLeaving(each)}>
        Delete
      </button>
    </span>,
  ]);
  return (
    <>
      <DataTable label="Schedules" columns={columns} rows={rows} />
      {leaving && (
        <FormDialog
          label={`Delete ${leaving.name}?`}
          action="Delete it"
          danger
          submit={() => deleteSchedule(leaving.schedule_id).then(onDone)}
          onClose={() => setLeaving(null)}
        >
          <p>No later session makes this report. Reports that it made stay.</p>
        </FormDialog>
      )}
    </>
  );
}

function toggled(each: ScheduleOut): NewSchedule {
  const { name, portfolio_ids, format, sections, cadence, enabled } = each;
  const template = each.template as NonNullable<NewSchedule["template"]>;
  return { name, portfolio_ids, template, format, sections, cadence, enabled: !enabled };
}

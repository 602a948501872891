import { useState } from "preact/hooks";

import { startRun } from "../../api/account";
import { read } from "../../api/client";
import type { PageRunOut, ProblemDetail, RunDetail, RunOut } from "../../api/types";
import { counted, moment, number, words } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { FormDialog } from "../../parts/Form";
import { Pager } from "../../parts/Pager";
import { Panel } from "../../parts/Panel";
import { go, useAddress } from "../../state/address";
import { useLoaded } from "../../state/loading";

const PAGE = 50;
const TONES: Record<string, string> = { completed: "good", partial: "warn", failed: "bad", running: "" };
const WORKS: Array<[string, string]> = [
  ["market-close", "the whole session, for every portfolio"],
  ["market-data", "fetch what is missing, then the whole session"],
  ["snapshots", "snapshots from stored prices, Greeks and exposures"],
  ["risk-metrics", "snapshots and VaR from stored figures"],
  ["correlations", "correlations of positions"],
];
const COLUMNS = [
  { name: "Session" },
  { name: "State" },
  { name: "Set off by" },
  { name: "Started" },
  { name: "Finished" },
  { name: "Problems", numeric: true },
  { name: "" },
];

/** What was calculated, by which services, and what failed. */
export function Runs() {
  const { run_state, run_day, run, page_offset } = useAddress();
  const [turn, setTurn] = useState(0);
  const [starting, setStarting] = useState(false);
  const query = { status: run_state, as_of: run_day, limit: PAGE, offset: page_offset };
  const page = useLoaded<PageRunOut>(JSON.stringify(query), () => read("admin/batch/runs", {}, query), turn);
  const reload = () => setTurn((n) => n + 1);
  const items = page.value?.items ?? [];
  return (
    <>
      {run && <OneRun key={run} runId={run} turn={turn} />}
      <Panel title="Runs" note={page.value ? counted(page.value.total, "run") : undefined}>
        <div class="toolbar">
          <label>
            State{" "}
            <select value={run_state ?? ""} onChange={(event) => go({ run_state: event.currentTarget.value, page_offset: undefined })}>
              <option value="">every</option>
              {Object.keys(TONES).map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          </label>
          <label>
            Session{" "}
            <input
              key={run_day}
              type="date"
              defaultValue={run_day ?? ""}
              onChange={(event) => go({ run_day: event.currentTarget.value, page_offset: undefined })}
            />
          </label>
          <button type="button" onClick={reload}>
            Refresh
          </button>
          <button type="button" class="primary" onClick={() => setStarting(true)}>
            Start a run
          </button>
        </div>
        {page.problem && <p role="alert">{page.problem}</p>}
        {items.length ? (
          <DataTable label="Runs" columns={COLUMNS} rows={items.map((each) => rowOf(each, each.run_id === run))} />
        ) : (
          !page.problem && <p class="empty">{page.loading ? "Loading …" : "No run is like this."}</p>
        )}
        {page.value && <Pager {...page.value} />}
      </Panel>
      {starting && <StartDialog day={items[0]?.as_of} onDone={reload} onClose={() => setStarting(false)} />}
    </>
  );
}

function rowOf(run: RunOut, isShown: boolean) {
  return [
    run.as_of,
    <span class={`pill ${TONES[run.status] ?? ""}`}>{run.status}</span>,
    words(run.trigger),
    moment(run.started_at),
    run.finished_at ? moment(run.finished_at) : "–",
    String(run.problems.length),
    <button
      type="button"
      class="link accent"
      aria-label={`${isShown ? "Close" : "Stages"}: run of ${run.as_of}, started ${moment(run.started_at)}`}
      aria-current={isShown ? "true" : undefined}
      onClick={() => go({ run: isShown ? undefined : run.run_id })}
    >
      {isShown ? "Close" : "Stages"}
    </button>,
  ];
}

function StartDialog({ day, onDone, onClose }: { day: string | undefined; onDone: () => void; onClose: () => void }) {
  const submit = async (form: FormData) => {
    const started = await startRun(String(form.get("work")), String(form.get("day")));
    go({ run: started.run_id, run_state: undefined, run_day: undefined, page_offset: undefined });
    onDone();
  };
  return (
    <FormDialog label="Start a run" action="Start" submit={submit} onClose={onClose}>
      <fieldset>
        <legend>Work</legend>
        {WORKS.map(([work, text], place) => (
          <label key={work} class="check">
            <input type="radio" name="work" value={work} defaultChecked={place === 0} required />
            <span>
              {words(work.replace(/-/g, "_"))} <small>{text}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <label>
        Session
        <input name="day" type="date" required defaultValue={day} />
      </label>
      <p class="note">What has not changed since is not calculated again.</p>
    </FormDialog>
  );
}

const STAGES = [
  { name: "Stage" },
  { name: "Began" },
  { name: "Ended" },
  { name: "Busy, seconds", numeric: true, measure: "busy_seconds" },
  { name: "Shards done", numeric: true, measure: "shards_done" },
  { name: "Failed", numeric: true, measure: "shards_failed" },
];
const PROBLEMS = [
  { name: "Stage" },
  { name: "Shard", numeric: true },
  { name: "Code" },
  { name: "What" },
  { name: "Cause, for operators" },
  { name: "Portfolios", numeric: true },
];

function OneRun({ runId, turn }: { runId: string; turn: number }) {
  const run = useLoaded<RunDetail>(runId, () => read("admin/batch/runs/{run_id}", { run_id: runId }), turn);
  if (run.problem) return <p role="alert">{run.problem}</p>;
  if (!run.value) return <p class="empty">Loading …</p>;
  const { stages, problems, items, as_of, status, trigger } = run.value;
  const warnings = items.flatMap((item) => item.warnings.map((each) => ({ ...each, stage: item.stage })));
  return (
    <>
      <Panel title={`Run of ${as_of}`} note={`${words(trigger)}, ${status}`}>
        {stages.length ? (
          <DataTable
            label="Stages"
            columns={STAGES}
            rows={stages.map((each) => [
              words(each.stage),
              moment(each.first_start, true),
              moment(each.last_end, true),
              number(each.busy_seconds, 3),
              String(each.shards_done),
              each.shards_failed ? <span class="pill bad">{each.shards_failed}</span> : "0",
            ])}
          />
        ) : (
          <p class="empty">No stage has reported yet.</p>
        )}
        <p class="note">
          Run <code>{runId}</code>
        </p>
      </Panel>
      <Panel title="Problems of the run" note="what failed, never came or was missing">
        {problems.length ? (
          <DataTable label="Problems of the run" columns={PROBLEMS} rows={problems.map(problemRow)} />
        ) : (
          <p class="empty">None.</p>
        )}
        {warnings.length > 0 && (
          <DataTable
            label="Warnings of the run"
            columns={[{ name: "Stage" }, { name: "Warning" }, { name: "Times", numeric: true }, { name: "About" }]}
            rows={warnings.map((each) => [
              words(each.stage),
              <span class="wrap">{each.message}</span>,
              String(each.count ?? 1),
              <span class="wrap">{(each.about ?? []).slice(0, 20).join(", ")}</span>,
            ])}
          />
        )}
      </Panel>
    </>
  );
}

function problemRow(problem: ProblemDetail) {
  return [
    words(problem.stage),
    String(problem.shard),
    <code>{problem.code}</code>,
    <span class="wrap">{problem.message}</span>,
    <span class="wrap">{problem.detail ?? "–"}</span>,
    String(problem.portfolio_ids?.length ?? 0),
  ];
}

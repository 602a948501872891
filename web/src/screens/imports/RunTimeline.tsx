import type { OwnRuns } from "../../api/names";
import { fixed, moment, words } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { Part } from "../../parts/Part";

type Run = OwnRuns["items"][number];
type Part = Run["portfolios"][number];
const TONES: Record<string, string> = { completed: "good", partial: "warn", failed: "bad", running: "" };
const NUMERIC = { numeric: true } as const;

interface Props {
  runs: Run[];
  chosen: string | undefined;
  onChoose: (runId: string) => void;
}

/** The runs of a portfolio, and the stages of one of them on a line of time. */
export function RunTimeline({ runs, chosen, onChoose }: Props) {
  const shown = runs.find((each) => each.run_id === chosen) ?? runs[0];
  if (!shown) return <p class="empty">No run has worked on this portfolio yet.</p>;
  return (
    <>
      <DataTable
        label="Runs"
        names={runs.map((each) => `Run of ${each.as_of}`)}
        columns={[
          { name: "Session" },
          { name: "State" },
          { name: "Set off by" },
          { name: "Began" },
          { name: "Took", ...NUMERIC, measure: "elapsed_seconds" },
          { name: "Problems" },
        ]}
        rows={runs.map((each) => [
          <button
            type="button"
            class="link"
            aria-current={each.run_id === shown.run_id ? "true" : undefined}
            onClick={() => onChoose(each.run_id)}
          >
            {each.as_of}
          </button>,
          <span class={`pill ${TONES[each.status] ?? ""}`}>{words(each.status)}</span>,
          words(each.trigger),
          moment(each.started_at, true),
          each.elapsed_seconds === null ? "–" : `${fixed(each.elapsed_seconds, 2)} s`,
          <span class="wrap">{problemsOf(each).join("; ") || "–"}</span>,
        ])}
      />
      {shown.portfolios.map((part) => (
        <Stages key={part.portfolio_id} part={part} run={shown} />
      ))}
    </>
  );
}

function problemsOf(run: Run): string[] {
  return [...new Set(run.portfolios.flatMap((part) => part.problems.map((each) => `${each.stage}: ${each.message}`)))];
}

/** The stages of a run for a portfolio: a bar from when each began to its end. */
function Stages({ part, run }: { part: Part; run: Run }) {
  if (!part.stages.length) return <p class="empty">Nothing was reported of it yet.</p>;
  const span = Math.max(...part.stages.map((each) => each.after_seconds + each.seconds), 0.001);
  return (
    <section class="timeline" aria-label={`Stages of the run of ${run.as_of}`}>
      <h3>
        Stages of {run.as_of} for {part.name}
      </h3>
      <ul>
        {part.stages.map((each) => (
          <li key={each.stage}>
            <span>{words(each.stage)}</span>
            <span class="track" aria-hidden="true">
              <i
                class={each.status}
                style={{
                  left: `${(each.after_seconds / span) * 100}%`,
                  width: `${Math.max((each.seconds / span) * 100, 0.6)}%`,
                }}
              />
            </span>
            <span class="number">
              after{" "}
              <Part measure="after_seconds" about={`${words(each.stage)}, ${run.as_of}`} amount={`${fixed(each.after_seconds, 2)} s`} />
              , took{" "}
              <Part measure="seconds" about={`${words(each.stage)}, ${run.as_of}`} amount={`${fixed(each.seconds, 3)} s`} />
              {each.status === "ok" ? "" : `, ${each.status}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

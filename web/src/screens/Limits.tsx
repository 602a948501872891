import { useState } from "preact/hooks";

import { acknowledgeLimit, deleteLimit, read, setLimit, tryLimit } from "../api/client";
import type { LimitOut, LimitTemplates, LimitTrial, NewLimit, PageLimitOut } from "../api/types";
import { instrument, money, number, percent, words } from "../format";
import { DataTable } from "../parts/DataTable";
import { Panel } from "../parts/Panel";
import { useBook } from "../state/book";
import { describe, useLoaded } from "../state/loading";

const TONES: Record<string, string> = {
  ok: "good",
  cleared: "good",
  warning: "warn",
  breached: "bad",
  acknowledged: "warn",
  waived: "warn",
  not_measured: "",
};
const SEVERITY = ["breached", "acknowledged", "warning", "waived", "not_measured", "cleared", "ok"];

/** The limits of the portfolio with what is left of each; new ones are tried before they are set. */
export function Limits() {
  const { report, version } = useBook();
  const [turn, setTurn] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const id = report.portfolio.portfolio_id;
  const limits = useLoaded<PageLimitOut>(`${id} ${version} ${turn}`, () =>
    read("limits", {}, { portfolio_id: id, limit: 1000 }),
  );
  const templates = useLoaded<LimitTemplates>("templates", () => read("limits/templates"));
  const act = (work: Promise<unknown>) => {
    setProblem(null);
    work.then(
      () => setTurn(turn + 1),
      (error: unknown) => setProblem(describe(error)),
    );
  };
  const items = limits.value?.items ?? [];
  return (
    <div class="grid">
      {(problem ?? limits.problem) && <p role="alert">{problem ?? limits.problem}</p>}
      <Panel title="Limits" wide note={`${items.length}, as of the last session`}>
        {items.length ? (
          <DataTable label="Limits" columns={COLUMNS} rows={rowsOf(items, id, act)} />
        ) : (
          <p class="empty">{limits.loading ? "Loading …" : "No limit is set: choose one below."}</p>
        )}
      </Panel>
      {templates.value && (
        <NewLimits templates={templates.value} portfolioId={id} onSet={(limit) => act(setLimit(limit))} />
      )}
    </div>
  );
}

const COLUMNS = [
  { name: "Limit" },
  { name: "State" },
  { name: "Value", numeric: true },
  { name: "Of" },
  { name: "Warning", numeric: true },
  { name: "Breach", numeric: true },
  { name: "Room", numeric: true },
  { name: "Used" },
  { name: "For", numeric: true },
  { name: "" },
];

function level(value: number | null | undefined, limit: { unit: string; measure_unit: string }): string {
  if (value === null || value === undefined) return "–";
  if (limit.unit === "share_of_nav") return percent(value);
  return limit.measure_unit.startsWith("USD") ? money(value, { whole: true }) : number(value, 4);
}

function rowsOf(items: LimitOut[], portfolioId: string, act: (work: Promise<unknown>) => void) {
  const rank = (each: LimitOut) => SEVERITY.indexOf(each.worst?.state ?? "not_measured");
  return items
    .toSorted((a, b) => rank(a) - rank(b))
    .map((each) => {
      const now = each.worst;
      const state = now?.state ?? "not_measured";
      const remove = () => {
        if (confirm(`Delete the limit "${each.name}" with its history?`)) act(deleteLimit(each.limit_id));
      };
      return [
        <span title={[each.owner, each.note].filter(Boolean).join(": ") || undefined}>{each.name}</span>,
        <span class={`pill ${TONES[state] ?? ""}`} title={now?.reason ?? undefined}>
          {words(state)}
        </span>,
        level(now?.value, each),
        memberOf(each),
        level(each.warning, each),
        level(each.breach, each),
        <span title={now?.room_usd == null ? undefined : money(now.room_usd)}>{level(now?.room, each)}</span>,
        <Used value={now?.value ?? null} breach={each.breach} tone={TONES[state] ?? ""} />,
        now?.age_sessions ? `${now.age_sessions} ${now.age_sessions === 1 ? "session" : "sessions"}` : "",
        <span class="buttons small">
          {state === "breached" && (
            <Acknowledge onDone={(reason) => act(acknowledgeLimit(each.limit_id, portfolioId, reason))} />
          )}
          <button type="button" class="quiet" onClick={remove}>
            Delete
          </button>
        </span>,
      ];
    });
}

/** Whose value it is: a symbol, a sector, a scenario, or the whole portfolio. */
function memberOf({ worst, measure, per }: LimitOut): string {
  if (!worst?.member) return per === "portfolio" ? "the portfolio" : per;
  return measure === "worst_scenario" ? words(worst.member) : instrument(worst.member);
}

/** How far a value is on the way to its level; beyond it the bar is full. */
function Used({ value, breach, tone }: { value: number | null; breach: number; tone: string }) {
  const width = value === null || !breach ? 0 : Math.min(Math.abs(value / breach), 1) * 100;
  return (
    <span class={`used ${tone}`} aria-hidden="true">
      <i style={{ width: `${width}%` }} />
    </span>
  );
}

function Acknowledge({ onDone }: { onDone: (reason: string) => void }) {
  const ask = () => {
    const reason = prompt("Why does the breach stay?")?.trim();
    if (reason) onDone(reason);
  };
  return (
    <button type="button" class="quiet" onClick={ask}>
      Acknowledge
    </button>
  );
}

interface NewLimitsProps {
  templates: LimitTemplates;
  portfolioId: string;
  onSet: (limit: NewLimit) => void;
}

function NewLimits({ templates, portfolioId, onSet }: NewLimitsProps) {
  const [place, setPlace] = useState(0);
  const [trial, setTrial] = useState<LimitTrial | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const chosen = templates.items[place];
  if (!chosen) return null;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const given = (name: string) => (form.get(name) ? Number(form.get(name)) : null);
    const limit: NewLimit = {
      ...chosen.limit,
      name: String(form.get("name")),
      portfolio_id: portfolioId,
      warning: given("warning"),
      breach: given("breach") ?? chosen.limit.breach,
    };
    setProblem(null);
    if ((event.submitter as HTMLButtonElement | null)?.value === "set") {
      onSet(limit);
      return;
    }
    tryLimit(limit, portfolioId).then(setTrial, (error: unknown) => setProblem(describe(error)));
  };
  const choose = (number: number) => {
    setPlace(number);
    setTrial(null);
  };
  return (
    <>
      <Panel title="Set a limit" note="of this portfolio">
        <form key={place} class="import" onSubmit={submit} aria-label="Set a limit">
          <label>
            Kind
            <select value={place} onChange={(event) => choose(Number(event.currentTarget.value))}>
              {templates.items.map((each, number) => (
                <option key={each.template} value={number}>
                  {words(each.template)}
                </option>
              ))}
            </select>
          </label>
          <p class="note">{chosen.description}</p>
          <label>
            Name
            <input name="name" required maxLength={100} defaultValue={chosen.limit.name} />
          </label>
          <label>
            Warning <small>{unitOf(chosen.limit)}</small>
            <input name="warning" inputMode="decimal" defaultValue={String(chosen.limit.warning ?? "")} />
          </label>
          <label>
            Breach <small>{unitOf(chosen.limit)}</small>
            <input name="breach" inputMode="decimal" required defaultValue={String(chosen.limit.breach)} />
          </label>
          <p class="buttons">
            <button type="submit" value="try">
              Try on past sessions
            </button>
            <button type="submit" value="set" class="primary">
              Set
            </button>
          </p>
        </form>
      </Panel>
      <Panel title="How it would have been" note="on the sessions that are stored; nothing is written">
        {problem && <p role="alert">{problem}</p>}
        {trial ? <Trial trial={trial} /> : <p class="empty">Try a limit to see how often it would have fired.</p>}
      </Panel>
    </>
  );
}

function unitOf(limit: NewLimit): string {
  return limit.unit === "share_of_nav" ? "share of NAV: 0.1 is 10 %" : "in the measure's own unit";
}

function Trial({ trial }: { trial: LimitTrial }) {
  const tried = trial.portfolios[0];
  if (!tried) return <p class="empty">No session is stored.</p>;
  const counts: Array<[string, number]> = [
    ["Sessions", tried.sessions],
    ["Warnings", tried.warnings],
    ["Breaches", tried.breaches],
    ["Sessions in warning", tried.sessions_in_warning],
    ["Sessions in breach", tried.sessions_in_breach],
    ["Not measured", tried.not_measured],
  ];
  return (
    <>
      <dl class="periods">
        {counts.map(([name, count]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{number(count, 0)}</dd>
          </div>
        ))}
      </dl>
      {tried.episodes.length > 0 && (
        <DataTable
          label="Episodes"
          columns={[{ name: "Level" }, { name: "From" }, { name: "To" }, { name: "Worst on" }, { name: "Of" }]}
          rows={tried.episodes
            .toReversed()
            .map((each) => [
              words(each.level),
              each.first,
              each.last ?? "goes on",
              each.worst_on,
              each.member ? instrument(each.member) : "–",
            ])}
        />
      )}
    </>
  );
}

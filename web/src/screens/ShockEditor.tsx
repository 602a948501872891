import { useState } from "preact/hooks";

import { evaluateWhatIf, saveScenario } from "../api/client";
import type { NewScenario, ScenarioOut, WhatIf, WhatIfReport } from "../api/types";
import { money, number, percent, shock, tone, words } from "../format";
import { Bars } from "../parts/Bars";
import { Panel } from "../parts/Panel";
import { Part } from "../parts/Part";
import { Symbol } from "../parts/Symbol";
import { go, useAddress } from "../state/address";
import { factorName, useBook } from "../state/book";
import { describe, useLoaded } from "../state/loading";

const SHOWN = 8;
const SEVERITIES = ["mild", "moderate", "severe", "extreme"];

/** Percent and basis points as people type them, decimals as the API takes them. */
const PERCENT = 100;
const BASIS_POINT = 10_000;
const NAME = "name:";
const FIRST_NAMES = 2;

/** What is typed, by field, as it is kept in the address. */
type Typed = Record<string, string>;

function typedIn(text: string | undefined): Typed {
  return Object.fromEntries(new URLSearchParams(text ?? ""));
}

/** A saved scenario as what one would type. */
export function asTyped(scenario: ScenarioOut): string {
  const typed = new URLSearchParams();
  const write = (name: string, value: number | null, unit: number) =>
    value !== null && typed.set(name, String(Number((value * unit).toFixed(6))));
  for (const [factor, value] of Object.entries(scenario.shocks)) write(factor, value, PERCENT);
  write("rate", scenario.rate_shock, BASIS_POINT);
  write("volatility", scenario.volatility_shock, PERCENT);
  return typed.toString();
}

/** A shock of the user's: factors, yields, volatility, single names and time, evaluated at once. */
export function ShockEditor({ onSaved }: { onSaved: () => void }) {
  const { report, asOf, version } = useBook();
  const { shocked } = useAddress();
  const factors = report.factors.factors.filter((each) => each.active);
  const typed = typedIn(shocked);
  const wanted = wantedOf(typed, factors.map((each) => each.factor));
  const id = report.portfolio.portfolio_id;
  const outcome = useLoaded<WhatIfReport>(
    shocked ? `${id} ${asOf} ${shocked}` : null,
    () =>
      evaluateWhatIf({ ...wanted, portfolio_id: id, as_of: asOf ?? null, positions_shown: SHOWN }),
    version,
  );
  return (
    <Panel title="Shock editor" wide note="evaluated now; nothing is written until you save it">
      <Fields key={shocked ?? ""} typed={typed} />
      {shocked && outcome.problem && <p role="alert">{outcome.problem}</p>}
      {shocked && outcome.value && <Outcome report={outcome.value} />}
      {shocked && outcome.value && <Save wanted={wanted} onSaved={onSaved} />}
    </Panel>
  );
}

function Fields({ typed }: { typed: Typed }) {
  const { report } = useBook();
  const factors = report.factors.factors.filter((each) => each.active);
  const given = Object.keys(typed).filter((name) => name.startsWith(NAME));
  const [names, setNames] = useState(Math.max(given.length, FIRST_NAMES));
  const held = [...new Set(report.positions.map((each) => each.underlying))].sort();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    go({ shocked: textOf(new FormData(event.currentTarget as HTMLFormElement)) });
  };
  return (
    <form class="shocks" onSubmit={submit} aria-label="Shock editor">
      <fieldset>
        <legend>Factors, %</legend>
        {factors.map((each) => (
          <Field key={each.factor} name={each.factor} label={each.name} typed={typed} />
        ))}
      </fieldset>
      <fieldset>
        <legend>Rates, volatility, time</legend>
        <Field name="rate" label="Yields, bp" typed={typed} />
        <Field name="volatility" label="Volatility, %" typed={typed} />
        <Field name="days" label="Days forward" typed={typed} />
      </fieldset>
      <fieldset>
        <legend>Single names, %</legend>
        {Array.from({ length: names }, (_, place) => {
          const symbol = given[place]?.slice(NAME.length) ?? "";
          return (
            <span key={place} class="pair">
              <input name="symbol" aria-label={`Name ${place + 1}`} list="held-names" size={8} placeholder="AAPL" defaultValue={symbol} />
              <input
                name="move"
                aria-label={`Move of name ${place + 1}`}
                inputMode="decimal"
                size={5}
                placeholder="−20"
                defaultValue={typed[NAME + symbol] ?? ""}
              />
            </span>
          );
        })}
        <button type="button" class="quiet" onClick={() => setNames(names + 1)}>
          + name
        </button>
        <datalist id="held-names">
          {held.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      </fieldset>
      <div class="buttons">
        <button type="submit" class="primary">
          Evaluate
        </button>
        <button type="button" onClick={() => go({ shocked: undefined })}>
          Clear
        </button>
      </div>
    </form>
  );
}

function Field({ name, label, typed }: { name: string; label: string; typed: Typed }) {
  return (
    <label>
      {label}
      <input name={name} inputMode="decimal" size={6} defaultValue={typed[name] ?? ""} />
    </label>
  );
}

/** What was typed, without the fields that were left empty. */
function textOf(form: FormData): string | undefined {
  const typed = new URLSearchParams();
  const symbols = form.getAll("symbol").map((each) => String(each).trim().toUpperCase());
  const moves = form.getAll("move").map((each) => String(each).trim());
  for (const [name, value] of form.entries()) {
    const text = String(value).trim();
    if (text && name !== "symbol" && name !== "move") typed.set(name, text);
  }
  symbols.forEach((symbol, place) => {
    if (symbol && moves[place]) typed.set(NAME + symbol, moves[place]);
  });
  return typed.toString() || undefined;
}

function wantedOf(typed: Typed, factors: string[]): WhatIf {
  const given = (name: string, unit: number) => {
    const text = typed[name]?.replace("−", "-").replace("%", "");
    return text === undefined ? null : Number(text) / unit;
  };
  const pairs = (names: string[], from: number): Array<[string, number]> =>
    names.flatMap((name) => {
      const value = given(name, PERCENT);
      return value === null ? [] : [[name.slice(from), value] as [string, number]];
    });
  return {
    shocks: Object.fromEntries(pairs(factors, 0)),
    rate_shock: given("rate", BASIS_POINT),
    volatility_shock: given("volatility", PERCENT),
    days_forward: given("days", 1) ?? 0,
    underlying_shocks: Object.fromEntries(
      pairs(
        Object.keys(typed).filter((name) => name.startsWith(NAME)),
        NAME.length,
      ),
    ),
  };
}

function Outcome({ report }: { report: WhatIfReport }) {
  const { report: book } = useBook();
  const outcome = report.scenarios[0];
  if (!outcome) return null;
  const result = outcome.correlated ?? outcome.direct;
  const amount = (about: string, value: number | null | undefined, measure = "pnl") => (
    <Part measure={measure} about={`this shock, ${about}`} amount={money(value, { plus: true })} tone={tone(value)}>
      {money(value, { plus: true, whole: true })}
    </Part>
  );
  const impacts = Object.entries({ ...result?.factor_impacts, nonlinear: result?.nonlinear ?? 0 });
  const factors = impacts
    .filter(([, value]) => value)
    .map(([key, value]) => {
      const label = factorName(book, key);
      return { key, label, value, text: amount(label, value, "factor_impacts") };
    });
  const positions = (result?.positions ?? []).slice(0, SHOWN).map((each) => ({
    key: each.position_id,
    label: <Symbol symbol={each.symbol} />,
    value: each.pnl ?? 0,
    text: amount(each.symbol, each.pnl),
  }));
  const sides = [
    ["Others follow", outcome.correlated],
    ["Only these move", outcome.direct],
  ] as const;
  return (
    <div role="status" aria-label="Outcome" class="outcome">
      <dl class="periods">
        {sides.map(([name, each]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {amount(name, each?.total_pnl, "total_pnl")}{" "}
              <small>
                <Part measure="share_of_nav" about={`this shock, ${name}`} amount={percent(each?.share_of_nav, true)} /> of
                NAV
              </small>
            </dd>
          </div>
        ))}
        <div>
          <dt>Plausibility</dt>
          <dd>
            <Part measure="plausibility" about="this shock" amount={number(result?.plausibility, 1)} /> <small>yearly standard deviations</small>
          </dd>
        </div>
      </dl>
      <div class="sides">
        <div>
          <h3>By factor</h3>
          <Bars bars={factors} empty="No factor has a part in it." />
        </div>
        <div>
          <h3>By position, the largest {positions.length}</h3>
          <Bars bars={positions} empty="No position has a part in it." />
        </div>
      </div>
      {report.applied && report.applied.settled.length > 0 && (
        <p class="note">Expired by {report.applied.until}: {report.applied.settled.join(", ")}</p>
      )}
      {report.warnings.map((each) => (
        <p key={each.code} class="note">
          {each.message}: {(each.about ?? []).join(", ")}
        </p>
      ))}
    </div>
  );
}

/** What of the shock no saved scenario holds, in words. */
function notSaved(wanted: WhatIf): string[] {
  const names = Object.entries(wanted.underlying_shocks ?? {}).map(([symbol, value]) => `${symbol} ${shock(value)}`);
  const days = wanted.days_forward ?? 0;
  return days > 0 ? [...names, `${days} ${days === 1 ? "day" : "days"} forward`] : names;
}

/** Keep factors, yields and volatility under a name: the next run evaluates them for every portfolio. */
function Save({ wanted, onSaved }: { wanted: WhatIf; onSaved: () => void }) {
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const some = Object.keys(wanted.shocks ?? {}).length > 0 || wanted.rate_shock !== null || wanted.volatility_shock !== null;
  const unsaved = notSaved(wanted);
  if (!some) {
    return (
      <p class="note">
        This cannot be saved: a saved scenario holds moves of factors, yields and volatility, not{" "}
        {unsaved.join(" or ")}. The address of the page holds all of it.
      </p>
    );
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const scenario: NewScenario = {
      name: String(form.get("title")).trim(),
      severity: String(form.get("severity")),
      shocks: wanted.shocks ?? {},
      rate_shock: wanted.rate_shock ?? null,
      volatility_shock: wanted.volatility_shock ?? null,
    };
    saveScenario(scenario).then(
      (saved) => {
        setProblem(null);
        setSaid(`${saved.name} is saved; it is evaluated from the next run on.`);
        onSaved();
      },
      (error: unknown) => setProblem(describe(error)),
    );
  };
  return (
    <form class="shocks save" onSubmit={submit} aria-label="Save scenario">
      {unsaved.length > 0 && (
        <p class="stale" role="note">
          <span>
            <b>Not saved with it: {unsaved.join(", ")}.</b> A saved scenario holds moves of factors, yields and
            volatility. The address of the page holds all of it.
          </span>
        </p>
      )}
      <label>
        Name
        <input name="title" required maxLength={100} />
      </label>
      <label>
        Severity
        <select name="severity">
          {SEVERITIES.map((each) => (
            <option key={each} value={each} selected={each === "moderate"}>
              {words(each)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="primary">
        {unsaved.length ? "Save scenario without them" : "Save scenario"}
      </button>
      <p role="status" aria-label="Saved">
        {said}
      </p>
      {problem && <p role="alert">{problem}</p>}
    </form>
  );
}

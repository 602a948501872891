import { useState } from "preact/hooks";

import { evaluateWhatIf } from "../api/client";
import type { StressOutcome, WhatIf } from "../api/types";
import { money, percent, tone, words } from "../format";
import { Bars } from "../parts/Bars";
import { Panel } from "../parts/Panel";
import { Symbol } from "../parts/Symbol";
import { useBook } from "../state/book";
import { describe } from "../state/loading";

const SHOWN = 8;

/** Percent and basis points as people type them, decimals as the API takes them. */
const PERCENT = 100;
const BASIS_POINT = 10_000;

/** A shock of the user's, evaluated now: nothing is written. */
export function OwnShock() {
  const { report, asOf } = useBook();
  const [outcome, setOutcome] = useState<StressOutcome | null>(null);
  const [notes, setNotes] = useState<string[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const factors = report.factors.factors.filter((each) => each.active).map((each) => each.factor);
    setProblem(null);
    const wanted = { ...wantedOf(form, factors), portfolio_id: report.portfolio.portfolio_id, as_of: asOf ?? null };
    evaluateWhatIf(wanted).then(
      (answer) => {
        setOutcome(answer.scenarios[0] ?? null);
        setNotes(answer.warnings.map((each) => each.message));
      },
      (error: unknown) => {
        setOutcome(null);
        setProblem(describe(error));
      },
    );
  };
  const factors = report.factors.factors.filter((each) => each.active);
  return (
    <Panel title="Custom shock" note="evaluated now; nothing is written">
      <form class="shock" onSubmit={submit} aria-label="Custom shock">
        {factors.map((each) => (
          <Field key={each.factor} name={each.factor} label={`${each.name}, %`} />
        ))}
        <Field name="rate" label="Yields, bp" />
        <Field name="implied_volatility" label="Implied volatility, %" />
        <Field name="days" label="Days forward" />
        <label>
          Single names, %
          <input name="names" placeholder="AAPL -20, XOM 5" />
        </label>
        <button type="submit" class="primary">
          Evaluate
        </button>
      </form>
      {problem && <p role="alert">{problem}</p>}
      {outcome && <Outcome outcome={outcome} />}
      {notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
    </Panel>
  );
}

function Field({ name, label }: { name: string; label: string }) {
  return (
    <label>
      {label}
      <input name={name} inputMode="decimal" size={6} />
    </label>
  );
}

function wantedOf(form: FormData, factors: string[]): WhatIf {
  const given = (name: string, unit: number) => {
    const text = String(form.get(name) ?? "").trim();
    return text ? Number(text) / unit : null;
  };
  const shocks = factors.flatMap((name): Array<[string, number]> => {
    const shock = given(name, PERCENT);
    return shock === null ? [] : [[name, shock]];
  });
  return {
    shocks: Object.fromEntries(shocks),
    rate_shock: given("rate", BASIS_POINT),
    volatility_shock: given("implied_volatility", PERCENT),
    days_forward: given("days", 1) ?? 0,
    underlying_shocks: namesOf(String(form.get("names") ?? "")),
    positions_shown: SHOWN,
  };
}

function namesOf(text: string): Record<string, number> {
  const pairs = text.matchAll(/([A-Za-z.]+)\s*([+-]?\d+(?:\.\d+)?)/g);
  return Object.fromEntries([...pairs].map(([, name = "", size]) => [name.toUpperCase(), Number(size) / PERCENT]));
}

function Outcome({ outcome }: { outcome: StressOutcome }) {
  const result = outcome.correlated ?? outcome.direct;
  const impacts = Object.entries({ ...result?.factor_impacts, "non-linear": result?.nonlinear ?? 0 });
  const factors = impacts
    .filter(([, value]) => value)
    .map(([name, value]) => ({
      key: name,
      label: words(name),
      value,
      text: <span class={tone(value)}>{money(value, { plus: true, whole: true })}</span>,
    }));
  const positions = (result?.positions ?? []).slice(0, SHOWN).map((each) => ({
    key: each.position_id,
    label: <Symbol symbol={each.symbol} />,
    value: each.pnl ?? 0,
    text: <span class={tone(each.pnl)}>{money(each.pnl, { plus: true, whole: true })}</span>,
  }));
  return (
    <div role="status" aria-label="Outcome">
      <dl class="periods">
        <div>
          <dt>Others follow</dt>
          <dd class={tone(outcome.correlated?.total_pnl)}>
            {money(outcome.correlated?.total_pnl, { plus: true, whole: true })}{" "}
            <small>{percent(outcome.correlated?.share_of_nav, true)}</small>
          </dd>
        </div>
        <div>
          <dt>Only these move</dt>
          <dd class={tone(outcome.direct?.total_pnl)}>
            {money(outcome.direct?.total_pnl, { plus: true, whole: true })}{" "}
            <small>{percent(outcome.direct?.share_of_nav, true)}</small>
          </dd>
        </div>
      </dl>
      <h3>By factor</h3>
      <Bars bars={factors} empty="No factor has a part in it." />
      <h3>By position</h3>
      <Bars bars={positions} empty="No position has a part in it." />
    </div>
  );
}

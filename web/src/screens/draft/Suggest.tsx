import { useState } from "preact/hooks";

import { suggestTrades } from "../../api/drafts";
import type {
  CandidateSet,
  DraftWithTrades,
  ImpactFigures,
  MeasureMoved,
  PortfolioReport,
  SuggestionsOut,
  WantedTarget,
} from "../../api/types";
import { instrument, money, number, percent, words } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { Part } from "../../parts/Part";
import { Problems } from "../../parts/Problems";
import { useActing } from "../../state/acting";
import { go } from "../../state/address";
import { useBook } from "../../state/book";

const SUMS: Record<string, string> = {
  beta: "Beta",
  market_exposure: "Market exposure, USD",
  dollar_delta: "Dollar delta",
  dollar_delta_beta_weighted: "Dollar delta, beta-weighted",
  dollar_gamma_1pct: "Dollar gamma, 1 %",
  dollar_theta_1d: "Dollar theta, 1 day",
  dollar_vega_1pt: "Dollar vega, 1 point",
  dollar_rho_1pct: "Dollar rho, 1 %",
  var_95_1d_historical: "VaR 95 %, historical",
  var_99_1d_historical: "VaR 99 %, historical",
  es_95_1d_historical: "Shortfall 95 %, historical",
  es_99_1d_historical: "Shortfall 99 %, historical",
};
const SETS: Record<CandidateSet, string> = {
  market: "SPY",
  factors: "the factors' ETFs",
  sectors: "the sector ETFs",
  puts: "puts with narrow spreads",
  own_positions: "what is held",
};
const TAIL = /^(var|es)_/;
const MOST = 5;
const SUGGESTED = "The suggested trades";

interface Wish {
  measure: string;
  bound: "equal" | "at_most" | "at_least";
  value: string;
  unit: "own" | "share_of_nav";
}

const FIRST: Wish = { measure: "beta", bound: "equal", value: "0", unit: "own" };

interface Props {
  draft: DraftWithTrades;
  impacts: ImpactFigures | null;
}

/** Trades that bring measures to targets with the fewest dollars, as a new draft. */
export function Suggest({ draft, impacts }: Props) {
  const { report } = useBook();
  const [wishes, setWishes] = useState<Wish[]>([FIRST]);
  const [answer, setAnswer] = useState<SuggestionsOut | null>(null);
  const acting = useActing();
  const change = (place: number, changed: Partial<Wish>) =>
    setWishes((before) => before.map((each, at) => (at === place ? adjusted({ ...each, ...changed }) : each)));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const named = String(form.get("candidates")).split(/[\s,;]+/).filter(Boolean);
    const sets = form.getAll("sets").map(String) as CandidateSet[];
    const most = String(form.get("most_dollars")).trim();
    setAnswer(null);
    void acting.act(async () => {
      setAnswer(
        await suggestTrades(draft.draft_id, {
          targets: wishes.map(targetOf),
          candidates: named.map((symbol) => ({ symbol })),
          ...(sets.length ? { candidate_sets: sets } : {}),
          reduce_only: form.get("reduce_only") !== null,
          ...(most ? { most_dollars: Number(most) } : {}),
        }),
      );
    });
  };
  return (
    <div class="suggest">
      <form onSubmit={submit} aria-label="Suggest trades">
        {wishes.map((wish, place) => (
          <Target
            key={place}
            wish={wish}
            groups={measuresOf(report, impacts)}
            onChange={(changed) => change(place, changed)}
            onRemove={wishes.length > 1 ? () => setWishes(wishes.filter((_, at) => at !== place)) : null}
          />
        ))}
        {wishes.length < MOST && (
          <button type="button" class="quiet" onClick={() => setWishes([...wishes, { ...FIRST, measure: "dollar_delta" }])}>
            Add a target
          </button>
        )}
        <div class="shock">
          <label>
            Trade these, if only some
            <input name="candidates" size={22} placeholder="SPY, QQQ" autocomplete="off" spellcheck={false} />
          </label>
          <label>
            At most, USD in all
            <input name="most_dollars" inputMode="decimal" size={10} />
          </label>
        </div>
        <fieldset>
          <legend>Or choose among (all of them, if none is marked)</legend>
          {(Object.keys(SETS) as CandidateSet[]).map((each) => (
            <label key={each} class="check">
              <input type="checkbox" name="sets" value={each} /> {SETS[each]}
            </label>
          ))}
          <label class="check">
            <input type="checkbox" name="reduce_only" /> only bring positions nearer to zero
          </label>
        </fieldset>
        <p class="buttons">
          <button type="submit" class="primary" disabled={acting.busy}>
            {acting.busy ? "Searching …" : "Find trades"}
          </button>
        </p>
      </form>
      {acting.trouble && <h3>No trades reach the targets</h3>}
      <Problems trouble={acting.trouble} />
      {answer && <Found answer={answer} names={namesOf(measuresOf(report, impacts))} />}
    </div>
  );
}

/** A loss can only be brought down, and beta is a ratio to NAV already. */
function adjusted(wish: Wish): Wish {
  return {
    ...wish,
    bound: TAIL.test(wish.measure) ? "at_most" : wish.bound,
    unit: wish.measure === "beta" ? "own" : wish.unit,
  };
}

const PERCENT = 100;
const LIMIT = "limit:";

function targetOf({ measure, bound, value, unit }: Wish): WantedTarget {
  if (measure.startsWith(LIMIT)) {
    const [, limit_id = "", level] = measure.split(":");
    return { limit_id, level: level === "warning" ? "warning" : "breach" };
  }
  const size = Number(value) / (unit === "share_of_nav" ? PERCENT : 1);
  return { measure, [bound]: size, ...(unit === "own" ? {} : { unit }) };
}

type Groups = Array<[string, Array<[string, string]>]>;

function measuresOf(report: PortfolioReport, impacts: ImpactFigures | null): Groups {
  const limits = (impacts?.limits ?? []).filter((each) => each.per === "portfolio");
  const levels = limits.flatMap((each): Array<[string, string]> => [
    ...(each.warning === null
      ? []
      : [[`${LIMIT}${each.limit_id}:warning`, `${each.name}: its warning level`] as [string, string]]),
    [`${LIMIT}${each.limit_id}:breach`, `${each.name}: its breach level`],
  ]);
  const factors = report.factors.factors
    .filter((each) => each.active)
    .map((each): [string, string] => [`factor.${each.factor}`, `${each.name}, USD`]);
  const scenarios = (impacts?.scenarios ?? []).map((each): [string, string] => [
    `scenario.${each.scenario_id}`,
    `${each.name}, P&L`,
  ]);
  const groups: Groups = [
    ["Measures", Object.entries(SUMS)],
    ["Factors", factors],
    ["Scenarios", scenarios],
    ["Limits", levels],
  ];
  return groups.filter(([, choices]) => choices.length);
}

function namesOf(groups: Groups): Map<string, string> {
  return new Map(groups.flatMap(([, choices]) => choices));
}

interface TargetProps {
  wish: Wish;
  groups: Groups;
  onChange: (changed: Partial<Wish>) => void;
  onRemove: (() => void) | null;
}

function Target({ wish, groups, onChange, onRemove }: TargetProps) {
  const isLimit = wish.measure.startsWith(LIMIT);
  const isTail = TAIL.test(wish.measure);
  return (
    <div class="shock">
      <label>
        Bring
        <select value={wish.measure} onChange={(event) => onChange({ measure: event.currentTarget.value })}>
          {groups.map(([name, choices]) => (
            <optgroup key={name} label={name}>
              {choices.map(([id, text]) => (
                <option key={id} value={id}>
                  {text}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      {!isLimit && (
        <>
          <label>
            To
            <select
              value={wish.bound}
              disabled={isTail}
              onChange={(event) => onChange({ bound: event.currentTarget.value as Wish["bound"] })}
            >
              <option value="equal">exactly</option>
              <option value="at_most">at most</option>
              <option value="at_least">at least</option>
            </select>
          </label>
          <label>
            Target
            <input
              inputMode="decimal"
              size={10}
              required
              value={wish.value}
              onInput={(event) => onChange({ value: event.currentTarget.value })}
            />
          </label>
          {wish.measure !== "beta" && (
            <label>
              In
              <select
                value={wish.unit}
                onChange={(event) => onChange({ unit: event.currentTarget.value as Wish["unit"] })}
              >
                <option value="own">USD</option>
                <option value="share_of_nav">% of NAV</option>
              </select>
            </label>
          )}
        </>
      )}
      {onRemove && (
        <button type="button" class="quiet" aria-label="Remove this target" onClick={onRemove}>
          ✕
        </button>
      )}
    </div>
  );
}

/** What is suggested, what it costs, and what it leaves. */
function Found({ answer, names }: { answer: SuggestionsOut; names: Map<string, string> }) {
  const [best] = answer.suggestions;
  if (!best) return <p class="empty">Nothing is suggested.</p>;
  if (!best.draft) {
    return (
      <p class="empty" role="status">
        The targets are met already: nothing has to be traded.
      </p>
    );
  }
  const { draft } = best;
  return (
    <div role="status" aria-label="Suggested trades">
      <h3>
        {best.trades.length} {best.trades.length === 1 ? "trade" : "trades"} of{" "}
        <Part measure="dollars_traded" about={SUGGESTED} amount={money(best.dollars_traded, { whole: true })} />, of{" "}
        {answer.candidates} candidates
      </h3>
      <p class="note">
        {best.gap === 0 ? (
          "Fewer dollars are proven to be impossible."
        ) : (
          <>
            At least <Part measure="least_dollars" about={SUGGESTED} amount={money(best.least_dollars, { whole: true })} /> are
            needed: at most <Part measure="gap" about={SUGGESTED} amount={percent(best.gap)} /> might be saved.
          </>
        )}{" "}
        Cash changes by <Part measure="cash" about={SUGGESTED} amount={money(best.cash, { plus: true, whole: true })} />.
      </p>
      <DataTable
        label="Suggested trades"
        columns={[
          { name: "Instrument" },
          { name: "Quantity", numeric: true, measure: "quantity" },
          { name: "Price", numeric: true, measure: "price" },
          { name: "Dollars", numeric: true, measure: "dollars" },
        ]}
        rows={best.trades.map((each) => [
          instrument(each.symbol),
          number(each.quantity, 0, true),
          money(each.price),
          money(each.dollars, { plus: true, whole: true }),
        ])}
      />
      <DataTable label="Targets" columns={MOVED} rows={best.targets.map((each) => movedRow(each, "target", names))} />
      <DataTable
        label="What else moves"
        columns={MOVED}
        rows={best.leaves.filter((each) => each.before !== each.after).map((each) => movedRow(each, "", names))}
      />
      {answer.left_out.map((each) => (
        <p key={each.message} class="note">
          Left out: {each.message}
        </p>
      ))}
      <p class="buttons">
        <button type="button" class="primary" onClick={() => go({ draft: draft.draft_id })}>
          Open the suggestion as a draft
        </button>
      </p>
    </div>
  );
}

/** Beta and shares are plain numbers, everything else is in dollars. */
function inItsUnit(measure: string, value: number | null): string {
  const dollars = /^(dollar_|var_|es_|market_exposure|factor\.|scenario\.|nav$|cash$|exposure\.)/.test(measure);
  return dollars ? money(value, { whole: Math.abs(value ?? 0) >= 100 }) : number(value, 4);
}

const MOVED = [{ name: "Measure" }, { name: "" }, { name: "Before", numeric: true, measure: "before" }, { name: "After", numeric: true, measure: "after" }];

function movedRow(each: MeasureMoved, what: string, names: Map<string, string>) {
  return [
    names.get(each.measure) ?? words(each.measure),
    what && each.tolerance !== null && each.tolerance !== undefined
      ? `${what}, within ${inItsUnit(each.measure, each.tolerance)}`
      : what,
    inItsUnit(each.measure, each.before),
    inItsUnit(each.measure, each.after),
  ];
}

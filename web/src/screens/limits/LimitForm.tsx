import { useState } from "preact/hooks";

import { changeLimit, setLimit, tryLimit } from "../../api/limits";
import type { LimitOut, LimitTemplates, LimitTrial, NewLimit } from "../../api/types";
import { sentence } from "../../format";
import { Panel } from "../../parts/Panel";
import { Problems } from "../../parts/Problems";
import { useActing } from "../../state/acting";
import { go } from "../../state/address";
import { Trial } from "./Trial";
import { aboutText } from "./words";

interface Props {
  templates: LimitTemplates;
  portfolioId: string;
  edited: LimitOut | null;
  onDone: () => void;
}

const PERCENT = 100;
const PER = { portfolio: "the portfolio", position: "an instrument", underlying: "an underlying", sector: "a sector", tag: "a tag" };
const DIRECTIONS = { above: "above", below: "below", outside: "outside, either way" };

/** A limit as the form begins with it: that which is edited, or a usual one. */
function termsOf(limit: LimitOut): NewLimit {
  const { name, portfolio_id, measure, per, key, unit, direction, warning, breach } = limit;
  const { hysteresis, sessions, owner, note } = limit;
  return {
    ...{ name, portfolio_id, measure, per, key, unit, direction, warning, breach },
    ...{ hysteresis, sessions, owner, note },
  };
}

/** Set a limit, or change the levels of one; either is tried on the stored sessions first. */
export function LimitForm({ templates, portfolioId, edited, onDone }: Props) {
  const [place, setPlace] = useState(0);
  const [trial, setTrial] = useState<{ trial: LimitTrial; limit: NewLimit } | null>(null);
  const [unit, setUnit] = useState<NewLimit["unit"] | null>(null);
  const acting = useActing();
  const template = templates.items[place];
  const start = edited ? termsOf(edited) : template?.limit;
  if (!start) return null;
  const inPercent = (unit ?? start.unit) === "share_of_nav";
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const limit = wantedOf(new FormData(event.currentTarget as HTMLFormElement), start, portfolioId, inPercent, edited);
    const does = (event.submitter as HTMLButtonElement | null)?.value;
    void acting.act(async () => {
      if (does === "try") {
        setTrial({ trial: await tryLimit(limit, portfolioId), limit });
        return;
      }
      await (edited ? changeLimit(edited.limit_id, limit) : setLimit(limit));
      onDone();
    });
  };
  return (
    <>
      <Panel title={edited ? `Change ${edited.name}` : "Set a limit"} note={edited ? aboutText(edited) : undefined}>
        <form
          key={edited ? edited.limit_id : place}
          class="import limit-form"
          onSubmit={submit}
          aria-label={edited ? "Change a limit" : "Set a limit"}
        >
          {!edited && template && (
            <>
              <label>
                Kind
                <select
                  value={place}
                  onChange={(event) => {
                    setPlace(Number(event.currentTarget.value));
                    setTrial(null);
                    setUnit(null);
                  }}
                >
                  {templates.items.map((each, number) => (
                    <option key={each.template} value={number}>
                      {each.title}
                    </option>
                  ))}
                </select>
              </label>
              <p class="note">{sentence(template.description)}</p>
            </>
          )}
          <Field name="name" label="Name" value={start.name} required maxLength={100} />
          {!edited && <About start={start} inPercent={inPercent} onUnit={setUnit} />}
          <div class="pair">
            <Level name="warning" label="Warning" value={start.warning} inPercent={inPercent} />
            <Level name="breach" label="Breach" value={start.breach} inPercent={inPercent} required />
          </div>
          <details>
            <summary>More</summary>
            <div class="pair">
              <Level name="hysteresis" label="Left only when so far inside" value={start.hysteresis} inPercent={inPercent} />
              <Field
                name="sessions"
                label="Sessions in a row until it counts"
                value={String(start.sessions ?? 1)}
              />
            </div>
            <div class="pair">
              <Field name="owner" label="Owner" value={start.owner ?? ""} maxLength={100} />
              <Field name="note" label="Note" value={start.note ?? ""} maxLength={1000} />
            </div>
          </details>
          <Problems trouble={acting.trouble} />
          <p class="buttons">
            <button type="submit" value="try" disabled={acting.busy}>
              Try on past sessions
            </button>
            <button type="submit" value="set" class="primary" disabled={acting.busy}>
              {edited ? "Change" : "Set"}
            </button>
            {edited && (
              <button type="button" onClick={() => go({ edit: undefined })}>
                Cancel
              </button>
            )}
          </p>
          {edited && <p class="note">Levels change from the last session on; what the limit is about does not change.</p>}
        </form>
      </Panel>
      <Panel title="How it would have been" note="on the sessions that are stored; nothing is written">
        {trial ? (
          <Trial trial={trial.trial} limit={trial.limit} />
        ) : (
          <p class="empty">Try a limit to see how often it would have fired, and on which sessions.</p>
        )}
      </Panel>
    </>
  );
}

interface AboutProps {
  start: NewLimit;
  inPercent: boolean;
  onUnit: (unit: NewLimit["unit"]) => void;
}

/** What the limit is about; of a limit that is set it does not change. */
function About({ start, inPercent, onUnit }: AboutProps) {
  return (
    <details>
      <summary>What it is about</summary>
      <Field name="measure" label="Measure, by its name in the API" value={start.measure} required />
      <div class="pair">
        <label>
          Taken of
          <select name="per">
            {Object.entries(PER).map(([id, text]) => (
              <option key={id} value={id} selected={id === (start.per ?? "portfolio")}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <Field name="key" label="Only this one, by name" value={start.key ?? ""} />
      </div>
      <div class="pair">
        <label>
          Unit
          <select
            name="unit"
            value={inPercent ? "share_of_nav" : "own"}
            onChange={(event) => onUnit(event.currentTarget.value as NewLimit["unit"])}
          >
            <option value="share_of_nav">% of NAV</option>
            <option value="own">the measure's own</option>
          </select>
        </label>
        <label>
          Worse
          <select name="direction">
            {Object.entries(DIRECTIONS).map(([id, text]) => (
              <option key={id} value={id} selected={id === (start.direction ?? "above")}>
                {text}
              </option>
            ))}
          </select>
        </label>
      </div>
      <label class="check">
        <input type="checkbox" name="everywhere" /> in all of my portfolios
      </label>
    </details>
  );
}

interface FieldProps {
  name: string;
  label: string;
  value: string;
  required?: boolean;
  maxLength?: number;
}

function Field({ name, label, value, required = false, maxLength = 120 }: FieldProps) {
  return (
    <label>
      {label}
      <input name={name} required={required} maxLength={maxLength} defaultValue={value} />
    </label>
  );
}

interface LevelProps {
  name: string;
  label: string;
  value: number | null | undefined;
  inPercent: boolean;
  required?: boolean;
}

/** A level as people type it: percent of NAV, or the measure's own unit. */
function Level({ name, label, value, inPercent, required = false }: LevelProps) {
  const typed = value === null || value === undefined ? "" : String(inPercent ? rounded(value * PERCENT) : value);
  return (
    <label>
      {label} <small>{inPercent ? "% of NAV" : "in the measure's unit"}</small>
      <input name={name} inputMode="decimal" required={required} defaultValue={typed} />
    </label>
  );
}

/** Without the dust that a decimal times a hundred leaves: 0.07 is 7, not 7.000000000000001. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}

function wantedOf(
  form: FormData,
  start: NewLimit,
  portfolioId: string,
  inPercent: boolean,
  edited: LimitOut | null,
): NewLimit {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  const level = (name: string) => (text(name) ? rounded(Number(text(name)) / (inPercent ? PERCENT : 1)) : null);
  const terms = {
    name: text("name"),
    warning: level("warning"),
    breach: level("breach") ?? start.breach,
    hysteresis: level("hysteresis") ?? 0,
    sessions: Number(text("sessions") || 1),
    owner: text("owner"),
    note: text("note"),
  };
  if (edited) return { ...start, ...terms };
  return {
    ...start,
    ...terms,
    portfolio_id: form.get("everywhere") === null ? portfolioId : null,
    measure: text("measure"),
    per: text("per") as NonNullable<NewLimit["per"]>,
    key: text("key") || null,
    unit: text("unit") as NonNullable<NewLimit["unit"]>,
    direction: text("direction") as NonNullable<NewLimit["direction"]>,
  };
}

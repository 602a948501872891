import { useState } from "preact/hooks";

import type { LimitOut, LimitStanding } from "../../api/types";
import { money } from "../../format";
import { Part } from "../../parts/Part";
import { Spark } from "../../parts/Spark";
import { go, useAddress } from "../../state/address";
import { useBook } from "../../state/book";
import { definedAs, memberText } from "../../state/limits";
import { Acknowledge, Delete, Waive } from "./Dialogs";
import { aboutText, levelText, sessionsText, stateText, toneOf, usedText } from "./words";

const SEVERITY = ["breached", "acknowledged", "warning", "waived", "not_measured", "cleared", "ok"];

interface Props {
  items: LimitOut[];
  portfolioId: string;
  onDone: () => void;
}

type Doing = "acknowledge" | "waive" | "delete";

/** A row per limit, the most urgent first; a card per limit on a phone. */
export function LimitTable({ items, portfolioId, onDone }: Props) {
  const [doing, setDoing] = useState<[Doing, LimitOut] | null>(null);
  const close = () => setDoing(null);
  const rank = (each: LimitOut) => SEVERITY.indexOf(each.worst?.state ?? "not_measured");
  const used = (each: LimitOut) => each.worst?.used ?? -1;
  const sorted = items.toSorted((a, b) => rank(a) - rank(b) || used(b) - used(a));
  return (
    <>
      <div class="scroll limits" tabIndex={0} role="region" aria-label="Limits">
        <table>
          <thead>
            <tr>
              <th scope="col">Limit</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Value
              </th>
              <th scope="col">Used</th>
              <th scope="col" class="number">
                Room
              </th>
              <th scope="col">Trend</th>
              <th scope="col">Owner</th>
              <th scope="col">
                <span class="hidden">What may be done</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((each) => (
              <Row key={each.limit_id} limit={each} onDo={(what) => setDoing([what, each])} />
            ))}
          </tbody>
        </table>
      </div>
      {doing?.[0] === "acknowledge" && (
        <Acknowledge limit={doing[1]} portfolioId={portfolioId} onClose={close} onDone={onDone} />
      )}
      {doing?.[0] === "waive" && (
        <Waive limit={doing[1]} portfolioId={portfolioId} onClose={close} onDone={onDone} />
      )}
      {doing?.[0] === "delete" && <Delete limit={doing[1]} onClose={close} onDone={onDone} />}
    </>
  );
}

function Row({ limit, onDo }: { limit: LimitOut; onDo: (what: Doing) => void }) {
  const { limit: chosen } = useAddress();
  const { report } = useBook();
  const now = limit.worst;
  const state = now?.state ?? "not_measured";
  const isBeyond = now !== null && now.level !== "ok";
  const member = memberText(report, limit.measure, now?.member ?? null);
  const defined = definedAs(limit.measure);
  return (
    <tr aria-current={chosen === limit.limit_id ? "true" : undefined}>
      <th scope="row">
        <button
          type="button"
          class="link"
          aria-label={`History of ${limit.name}`}
          onClick={() => go({ limit: limit.limit_id, edit: undefined })}
        >
          {limit.name}
        </button>
        <small>{aboutText(limit)}</small>
      </th>
      <td data-label="State">
        <State state={state} now={now} />
      </td>
      <td class="number" data-label="Value">
        {defined ? (
          <Part measure={defined} about={limit.name} amount={levelText(now?.value, limit)} />
        ) : (
          levelText(now?.value, limit)
        )}
        {member && <small>{member}</small>}
      </td>
      <td data-label="Used">
        <Used now={now} limit={limit} />
      </td>
      <td class="number" data-label="Room">
        <Part measure="room" about={limit.name} amount={levelText(now?.room, limit)} />
        {now?.room_usd != null && limit.unit === "share_of_nav" && (
          <small>
            <Part measure="room_usd" about={limit.name} amount={money(now.room_usd, { whole: true })} />
          </small>
        )}
      </td>
      <td data-label="Trend">
        <Trend limit={limit} />
      </td>
      <td data-label="Owner">
        {limit.owner || "–"}
        {limit.note && <small class="why">{limit.note}</small>}
      </td>
      <td>
        <span class="buttons small">
          {state === "breached" && (
            <button type="button" class="urgent" onClick={() => onDo("acknowledge")}>
              Acknowledge
            </button>
          )}
          {now && (isBeyond || state === "waived") && (
            <button type="button" onClick={() => onDo("waive")}>
              Waive
            </button>
          )}
          <button
            type="button"
            aria-label={`Edit ${limit.name}`}
            onClick={() => go({ limit: limit.limit_id, edit: "1" })}
          >
            Edit
          </button>
          <button type="button" aria-label={`Delete ${limit.name}`} onClick={() => onDo("delete")}>
            Delete
          </button>
        </span>
      </td>
    </tr>
  );
}

/** The state, for how long it lasts, and why a user let it be. */
function State({ state, now }: { state: string; now: LimitStanding | null }) {
  const lasts = sessionsText(now?.age_sessions ?? null);
  const until = now?.until ? `until ${now.until}` : "";
  return (
    <>
      <span class={`pill ${toneOf(state)}`}>{stateText(state)}</span>
      {(until || lasts) && <small>{[until, lasts && `for ${lasts}`].filter(Boolean).join(", ")}</small>}
      {now?.why && <small class="why">“{now.why}”</small>}
      {!now && <small>from the next session on</small>}
      {now?.reason && <small class="why">{now.reason}</small>}
    </>
  );
}

/** How far a value is on the way to its breach level; beyond it the bar is full. */
function Used({ now, limit }: { now: LimitStanding | null; limit: LimitOut }) {
  const used = now?.used ?? null;
  const width = used === null ? 0 : Math.min(used, 1) * 100;
  return (
    <>
      <span class={`used ${toneOf(now?.state ?? "")}`} aria-hidden="true">
        <i style={{ width: `${width}%` }} />
      </span>
      <small>
        <Part measure="used" about={limit.name} amount={usedText(used)} /> of{" "}
        <Part measure="breach" about={limit.name} amount={levelText(limit.breach, limit)} />
      </small>
    </>
  );
}

function Trend({ limit }: { limit: LimitOut }) {
  const { recent } = limit;
  if (recent.filter((each) => each.value !== null).length < 2) return <small>one session so far</small>;
  return (
    <button
      type="button"
      class="trend"
      aria-label={`Trend of ${limit.name}: its history`}
      onClick={() => go({ limit: limit.limit_id, edit: undefined })}
    >
      <Spark values={recent.map((each) => each.value)} label={`${recent.length} sessions`} />
    </button>
  );
}

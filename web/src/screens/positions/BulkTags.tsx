import { useRef, useState } from "preact/hooks";

import { ApiProblem, read } from "../../api/client";
import { tagPosition } from "../../api/positions";
import type { PageTagOut } from "../../api/types";
import { instrument, number } from "../../format";
import { Menu } from "../../parts/Menu";
import { describe, useLoaded } from "../../state/loading";
import type { Row } from "./rows";

interface Props {
  /** What is tagged: the marked positions, or else those that are shown. */
  rows: Row[];
  marked: boolean;
  version: string;
  onChanged: () => void;
}

interface Failure {
  name: string;
  reason: string;
}

interface Doing {
  done: number;
  of: number;
  changed: number;
  failures: Failure[];
  over: boolean;
}

/** One tag put on many positions, or taken off them: a request for each, with what came of it. */
export function BulkTags({ rows, marked, version, onChanged }: Props) {
  const [doing, setDoing] = useState<Doing | null>(null);
  const stopped = useRef(false);
  const tags = useLoaded<PageTagOut>("tags", () => read("tags", {}, { limit: 1000 }), version);
  const count = `${number(rows.length, 0)} ${marked ? "marked" : "shown"} ${rows.length === 1 ? "position" : "positions"}`;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const name = String(new FormData(form).get("tag")).trim();
    const off = (event.submitter as HTMLButtonElement | null)?.value === "off";
    if (name) void tagAll(name, off);
  };
  const tagAll = async (name: string, off: boolean) => {
    stopped.current = false;
    const wanted = rows.flatMap((row) => {
      const next = retagged(row.tags, name, off);
      return next ? [{ row, next }] : [];
    });
    const now: Doing = { done: 0, of: wanted.length, changed: 0, failures: [], over: false };
    for (const { row, next } of wanted) {
      if (stopped.current) break;
      setDoing({ ...now });
      const reason = await tagPatiently(row.position_id, next, () => stopped.current);
      now.done += 1;
      if (reason === null) now.changed += 1;
      else now.failures = [...now.failures, { name: instrument(row.symbol), reason }];
    }
    setDoing({ ...now, over: true });
    onChanged();
  };
  const busy = doing !== null && !doing.over;
  return (
    <Menu name="Tag" label="Tag positions">
      <form class="save" onSubmit={submit} aria-label="Tag positions">
        <input name="tag" list="bulk-tags" required maxLength={50} placeholder="Tag" aria-label="Tag" autocomplete="off" />
        <datalist id="bulk-tags">
          {(tags.value?.items ?? []).map((tag) => (
            <option key={tag.tag_id} value={tag.name} />
          ))}
        </datalist>
        <button type="submit" value="on" disabled={busy || !rows.length}>
          Put on
        </button>
        <button type="submit" value="off" disabled={busy || !rows.length}>
          Take off
        </button>
      </form>
      <p class="note">
        Of the {count}. {!marked && "Filter the grid, or mark positions in it, to tag those alone."}
      </p>
      {doing && <Outcome doing={doing} />}
      {busy && (
        <button type="button" class="quiet" onClick={() => (stopped.current = true)}>
          Stop
        </button>
      )}
    </Menu>
  );
}

function Outcome({ doing: { done, of, changed, failures, over } }: { doing: Doing }) {
  return (
    <>
      {!over && <progress value={done} max={of || 1} aria-label="Positions tagged" />}
      <p role="status">
        {over
          ? of
            ? `${changed} of ${of} positions changed${failures.length ? `, ${failures.length} refused` : ""}.`
            : "Nothing to change: all of them are so already."
          : `${done} of ${of} …`}
      </p>
      {failures.length > 0 && (
        <ul class="problems" role="alert" aria-label="Not tagged">
          {failures.map((each) => (
            <li key={each.name}>
              <b>{each.name}: </b>
              {each.reason}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** The tags afterwards; null where nothing changes. Names are the same whatever their case. */
function retagged(tags: readonly string[], name: string, off: boolean): string[] | null {
  const isSame = (each: string) => each.toLowerCase() === name.toLowerCase();
  if (tags.some(isSame) !== off) return null;
  return off ? tags.filter((each) => !isSame(each)) : [...tags, name];
}

const TRIES = 3;

/** Why it was refused, null where it was not; too many requests a minute are waited for. */
async function tagPatiently(positionId: string, tags: string[], isStopped: () => boolean): Promise<string | null> {
  for (let tries = 1; ; tries += 1) {
    try {
      await tagPosition(positionId, tags);
      return null;
    } catch (error) {
      const wait = error instanceof ApiProblem && error.status === 429 ? error.retrySeconds : null;
      if (wait === null || tries === TRIES || isStopped()) return describe(error);
      await new Promise((done) => window.setTimeout(done, wait * 1000));
    }
  }
}

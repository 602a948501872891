import { useMemo } from "preact/hooks";

import { instrument, moment, money, words } from "../format";
import { go, useAddress } from "../state/address";
import { missingFrom, type Book, type Missing } from "../state/book";
import type { Progress } from "../state/events";
import { Dialog } from "./Dialog";

const CONNECTIONS = { connecting: "connecting …", open: "live", lost: "not connected" };

/** What the numbers do not contain, how the last run ended, and whether news arrive. */
export function State({ book, progress }: { book: Book | null; progress: Progress }) {
  return (
    <div class="state" role="status">
      {book && <Included book={book} />}
      <Run book={book} running={progress.running} />
      <span class={`pill ${progress.connection === "open" ? "good" : "warn"}`}>
        {CONNECTIONS[progress.connection]}
      </span>
    </div>
  );
}

function Run({ book, running }: { book: Book | null; running: string | null }) {
  const run = book?.report.last_run;
  if (running) return <span class="pill">calculating {running}</span>;
  if (!run) return null;
  if (run.status === "completed") {
    return <span class="pill good">run completed</span>;
  }
  return (
    <button type="button" class="pill warn" onClick={() => go({ dialog: "run" })}>
      run of {run.as_of} {run.status}
    </button>
  );
}

function stalePositions(book: Book) {
  return book.report.positions.filter((each) => each.stale);
}

function Included({ book }: { book: Book }) {
  const missing = useMemo(() => new Set(missingFrom(book.report).map((each) => each.position_id)).size, [book]);
  const stale = stalePositions(book).length;
  if (!book.report.as_of) return null;
  if (!missing && !stale) return <span class="pill good">all positions included</span>;
  const show = () => go({ dialog: "missing" });
  return (
    <>
      {missing > 0 && (
        <button type="button" class="pill warn" onClick={show}>
          {missing} {missing === 1 ? "position" : "positions"} not included
        </button>
      )}
      {stale > 0 && (
        <button type="button" class="pill warn" onClick={show}>
          {stale} stale {stale === 1 ? "price" : "prices"}
        </button>
      )}
    </>
  );
}

/** The dialogs behind the pills, by the address. */
export function StateDialogs({ book }: { book: Book }) {
  const { dialog } = useAddress();
  const close = () => go({ dialog: undefined });
  if (dialog === "missing") return <NotContained book={book} onClose={close} />;
  if (dialog === "run" && book.report.last_run) return <LastRun run={book.report.last_run} onClose={close} />;
  return null;
}

function NotContained({ book, onClose }: { book: Book; onClose: () => void }) {
  const missing = missingFrom(book.report);
  const stale = stalePositions(book);
  return (
    <Dialog label="What the numbers do not contain" onClose={onClose}>
      <h2>What the numbers do not contain</h2>
      {!missing.length && !stale.length && <p class="empty">Every position is in every number.</p>}
      <ul class="reasons">
        {bySymbol(missing).map(([position, parts]) => (
          <li key={position}>
            <strong>{instrument(parts[0]?.symbol ?? "")}</strong>
            {reasons(parts).map(([reason, names]) => (
              <p key={reason}>
                not in {names.join(", ")}: {reason}
              </p>
            ))}
          </li>
        ))}
        {stale.map((each) => (
          <li key={each.position_id}>
            <strong>{instrument(each.symbol)}</strong>
            <p>
              valued at the price of {each.price_date}, {money(each.price)}: none is known since
            </p>
          </li>
        ))}
      </ul>
      <button type="button" onClick={onClose}>
        Close
      </button>
    </Dialog>
  );
}

function bySymbol(missing: Missing[]): Array<[string, Missing[]]> {
  const found = new Map<string, Missing[]>();
  for (const each of missing) {
    found.set(each.position_id, [...(found.get(each.position_id) ?? []), each]);
  }
  return [...found];
}

/** Each reason once, with the parts of the report that it concerns. */
function reasons(parts: Missing[]): Array<[string, string[]]> {
  const found = new Map<string, string[]>();
  for (const { reason, part } of parts) found.set(reason, [...(found.get(reason) ?? []), part]);
  return [...found];
}

type LastRunOut = NonNullable<Book["report"]["last_run"]>;

function LastRun({ run, onClose }: { run: LastRunOut; onClose: () => void }) {
  return (
    <Dialog label="The last run" onClose={onClose}>
      <h2>The last run: {run.status}</h2>
      <dl class="facts">
        <div>
          <dt>Session</dt>
          <dd>{run.as_of}</dd>
        </div>
        <div>
          <dt>Set off by</dt>
          <dd>{run.trigger}</dd>
        </div>
        <div>
          <dt>Ended</dt>
          <dd>{run.finished_at ? moment(run.finished_at) : "not yet"}</dd>
        </div>
      </dl>
      <ul class="reasons">
        {run.problems.map((each) => (
          <li key={`${each.stage} ${each.code}`}>
            <strong>{words(each.stage)}</strong>
            <p>{each.message}</p>
          </li>
        ))}
      </ul>
      {!run.problems.length && <p class="empty">No problem was reported.</p>}
      <button type="button" onClick={onClose}>
        Close
      </button>
    </Dialog>
  );
}

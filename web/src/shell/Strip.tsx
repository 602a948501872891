import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";

import type { ListedPortfolio } from "../api/names";
import type { PortfolioReport } from "../api/types";
import { inUnit, instrument, money, percent, tone } from "../format";
import { Figure } from "../parts/Figure";
import { go } from "../state/address";
import { metric, missingFrom, type Book } from "../state/book";
import type { Progress } from "../state/events";
import { Dialog } from "./Dialog";

interface Props {
  book: Book | null;
  portfolio: ListedPortfolio;
  progress: Progress;
}

/** What a manager looks at first, on every screen. */
export function Strip({ book, portfolio, progress }: Props) {
  return (
    <header class="strip">
      <div class="heading">
        <h1>{portfolio.name}</h1>
        {book?.report.as_of !== null && <Sessions book={book} />}
        <State book={book} progress={progress} />
      </div>
      {book?.report.snapshot && <Numbers report={book.report} />}
    </header>
  );
}

function Item({ name, note, children }: { name: string; note?: string | undefined; children: ComponentChildren }) {
  return (
    <div class="item">
      <dt>{name}</dt>
      <dd>
        {children}
        {note && <small>{note}</small>}
      </dd>
    </div>
  );
}

function Numbers({ report }: { report: PortfolioReport }) {
  const snapshot = report.snapshot;
  if (!snapshot) return null;
  const exposures = snapshot.exposures?.delta_adjusted;
  const worst = report.stress.correlated.worst ?? report.stress.direct.worst;
  return (
    <dl class="numbers">
      <Item name="NAV">
        <Figure measure="nav">{money(snapshot.nav, { whole: true })}</Figure>
      </Item>
      <Item name="Day P&L" note={percent(snapshot.daily_return, true)}>
        <Figure measure="daily_pnl" tone={tone(snapshot.daily_pnl)}>
          {money(snapshot.daily_pnl, { plus: true, whole: true })}
        </Figure>
      </Item>
      <Item name="Gross" note="delta-adjusted">
        <Figure measure="gross" series="exposure.delta_adjusted.gross">
          {money(exposures?.gross, { compact: true })}
        </Figure>
      </Item>
      <Item name="Net" note="delta-adjusted">
        <Figure measure="net" series="exposure.delta_adjusted.net">
          {money(exposures?.net, { compact: true, plus: true })}
        </Figure>
      </Item>
      <Metric report={report} name="dollar_delta_beta_weighted" title="Beta-adjusted" plus />
      <Metric report={report} name="dollar_delta" title="Dollar delta" plus />
      <Metric report={report} name="dollar_vega_1pt" title="Vega, 1 point" plus />
      <Metric report={report} name="dollar_theta_1d" title="Theta, 1 day" plus />
      <Metric report={report} name="var_99_1d_historical" title="VaR 99 %" />
      <Metric report={report} name="es_99_1d_historical" title="Shortfall 99 %" />
      {worst && (
        <Item name="Worst scenario" note={worst.name}>
          <Figure measure="total_pnl" series={`scenario.${worst.scenario_id}`} tone={tone(worst.total_pnl)}>
            {money(worst.total_pnl, { compact: true, plus: true })}
          </Figure>
        </Item>
      )}
    </dl>
  );
}

interface MetricProps {
  report: PortfolioReport;
  name: string;
  title: string;
  plus?: boolean;
}

function Metric({ report, name, title, plus = false }: MetricProps) {
  const found = metric(report, name);
  if (!found) return null;
  const share = found.share_of_nav;
  const note = share === null ? (found.reason ?? undefined) : `${percent(share)} of NAV`;
  return (
    <Item name={title} note={note}>
      <Figure measure={name}>{inUnit(found.value, found.unit, { plus, compact: true })}</Figure>
    </Item>
  );
}

function Sessions({ book }: { book: Book | null }) {
  const [known, setKnown] = useState<string[]>([]);
  const report = book?.report;
  useEffect(() => {
    if (!report) return;
    const more = report.history.map((point) => point.as_of);
    setKnown((before) => [...new Set([...before, ...more])].sort());
  }, [report]);
  const shown = report?.as_of ?? "";
  const place = known.indexOf(shown);
  const choose = (day: string | undefined) => day && go({ as_of: day === known.at(-1) ? undefined : day });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      const step = { "[": -1, "]": 1 }[event.key];
      if (step && !typing) choose(known[place + step]);
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [known, place]);
  return (
    <div class="sessions">
      <button type="button" aria-label="The session before" disabled={place < 1} onClick={() => choose(known[place - 1])}>
        ‹
      </button>
      <label>
        <span class="hidden">As of</span>
        <select value={shown} onChange={(event) => choose(event.currentTarget.value)}>
          {known.toReversed().map((day) => (
            <option key={day} value={day}>
              {day}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        aria-label="The session after"
        disabled={place < 0 || place >= known.length - 1}
        onClick={() => choose(known[place + 1])}
      >
        ›
      </button>
      {book?.asOf && (
        <button type="button" class="pill warn" onClick={() => go({ as_of: undefined })}>
          Not the latest: go there
        </button>
      )}
    </div>
  );
}

const CONNECTIONS = { connecting: "connecting", open: "live", lost: "not connected" };

function State({ book, progress }: { book: Book | null; progress: Progress }) {
  const run = book?.report.last_run;
  return (
    <div class="state" role="status">
      <Missing book={book} />
      {progress.running ? (
        <span class="pill">calculating {progress.running}</span>
      ) : (
        run && run.status !== "completed" && <span class="pill warn">last run: {run.status}</span>
      )}
      <span class={`pill ${progress.connection === "open" ? "good" : "warn"}`}>
        {CONNECTIONS[progress.connection]}
      </span>
    </div>
  );
}

function Missing({ book }: { book: Book | null }) {
  const [open, setOpen] = useState(false);
  const missing = useMemo(() => (book ? missingFrom(book.report) : []), [book]);
  const stale = book?.report.positions.filter((each) => each.stale) ?? [];
  const count = new Set(missing.map((each) => each.position_id)).size;
  if (!book?.report.as_of) return null;
  if (!count && !stale.length) return <span class="pill good">all positions included</span>;
  return (
    <>
      {count > 0 && (
        <button type="button" class="pill warn" onClick={() => setOpen(true)}>
          {count} {count === 1 ? "position" : "positions"} not included
        </button>
      )}
      {stale.length > 0 && (
        <button type="button" class="pill warn" onClick={() => setOpen(true)}>
          {stale.length} stale {stale.length === 1 ? "price" : "prices"}
        </button>
      )}
      {open && (
        <Dialog label="What the numbers do not contain" onClose={() => setOpen(false)}>
          <h2>What the numbers do not contain</h2>
          <ul class="reasons">
            {missing.map((each) => (
              <li key={`${each.part} ${each.position_id}`}>
                <strong>{instrument(each.symbol)}</strong> {each.part}: {each.reason}
              </li>
            ))}
            {stale.map((each) => (
              <li key={each.position_id}>
                <strong>{instrument(each.symbol)}</strong> price of {each.price_date}: {money(each.price)}
              </li>
            ))}
          </ul>
          <button type="button" onClick={() => setOpen(false)}>
            Close
          </button>
        </Dialog>
      )}
    </>
  );
}

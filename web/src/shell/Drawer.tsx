import { useEffect, useRef, useState } from "preact/hooks";

import { addressOf, read } from "../api/client";
import type { Definition, PortfolioReport, PositionHistory, SeriesReport } from "../api/types";
import { inUnit, instrument, title, words } from "../format";
import { Spark } from "../parts/Spark";
import { go, useAddress } from "../state/address";
import { metric, useBook } from "../state/book";
import { useLoaded } from "../state/loading";

interface History {
  dates: string[];
  values: Array<number | null>;
  address: string;
  reasons: string[];
}

export const CLOSED = { figure: undefined, series: undefined, position: undefined, of: undefined, shown: undefined };

/** What a number is, how it came to be, and its history. */
export function Drawer() {
  const { figure, series, position, of, shown } = useAddress();
  if (!figure) return null;
  const key = [figure, series, position, of, shown].join(" ");
  return <Open key={key} measure={figure} series={series} position={position} of={of} shown={shown} />;
}

interface Props {
  measure: string;
  series: string | undefined;
  position: string | undefined;
  /** A group of positions, a lot: what else than the portfolio or a position it may be of. */
  of: string | undefined;
  /** As it is on the screen: of a number that has no history. */
  shown: string | undefined;
}

function Open({ measure, series, position, of, shown }: Props) {
  const { report, version } = useBook();
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.focus(), []);
  const meaning = useLoaded<Definition>(measure, () => read("definitions/{measure}", { measure }));
  const wanted = of ? undefined : (series ?? (meaning.value?.series ? measure : undefined));
  const id = report.portfolio.portfolio_id;
  const history = useLoaded<History>(
    position ? `position ${position} ${version}` : wanted ? `series ${wanted} ${version}` : null,
    () => (position ? positionHistory(position, measure) : portfolioHistory(id, wanted ?? measure)),
  );
  const held = report.positions.find((each) => each.position_id === position);
  const unit = meaning.value?.unit ?? "";
  const own = position ?? of;
  const whole = own ? null : metric(report, measure)?.value;
  const now = valueOn(history.value, report.as_of) ?? whole ?? ofPosition(held, measure);
  return (
    <aside ref={place} class="drawer" tabIndex={-1} aria-label={meaning.value?.title ?? words(measure)}>
      <header>
        <h2>{meaning.value?.title ?? words(measure)}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={() => go(CLOSED)}>
          ✕
        </button>
      </header>
      {title(measure) !== words(measure) && <p class="note">{title(measure)}</p>}
      {(held || of) && <p class="note">{held ? instrument(held.symbol) : of}</p>}
      <p class="big">{now === null || now === undefined ? shown : inUnit(now, unit)}</p>
      {meaning.problem && <p class="empty">{meaning.problem}</p>}
      {meaning.value && <Meaning meaning={meaning.value} />}
      {history.value && <Past history={history.value} unit={unit} />}
      <Origin report={report} measure={own ? "" : measure} held={held} />
      <Copies measure={measure} history={history.value} />
    </aside>
  );
}

function ofPosition(held: object | undefined, measure: string): number | null {
  const value: unknown = held ? (held as Record<string, unknown>)[measure] : null;
  return typeof value === "number" ? value : null;
}

function valueOn(history: History | null, day: string | null): number | null {
  if (!history || !day) return null;
  return history.values[history.dates.indexOf(day)] ?? null;
}

async function portfolioHistory(portfolioId: string, measure: string): Promise<History> {
  const ids = { portfolio_id: portfolioId };
  const query = { measures: measure };
  const answer: SeriesReport = await read("portfolios/{portfolio_id}/series", ids, query);
  const only = answer.series[0];
  return {
    dates: answer.session_dates,
    values: only?.values ?? [],
    address: addressOf("portfolios/{portfolio_id}/series", ids, query),
    reasons: only?.gaps.map((gap) => `${gap.count} sessions without: ${gap.reason}`) ?? [],
  };
}

async function positionHistory(positionId: string, measure: string): Promise<History> {
  const ids = { position_id: positionId };
  const answer: PositionHistory = await read("positions/{position_id}/history", ids);
  return {
    dates: answer.items.map((point) => point.as_of),
    values: answer.items.map((point) => ofPosition({ ...point.greeks, ...point }, measure)),
    address: addressOf("positions/{position_id}/history", ids),
    reasons: answer.reason ? [answer.reason] : [],
  };
}

function Meaning({ meaning }: { meaning: Definition }) {
  return (
    <>
      <p>{meaning.meaning}</p>
      <dl class="facts">
        {meaning.formula && <Fact name="Formula">{meaning.formula}</Fact>}
        <Fact name="Unit">{meaning.unit}</Fact>
        <Fact name="Sign">{meaning.sign}</Fact>
        {meaning.source && <Fact name="After">{meaning.source}</Fact>}
        <Fact name="Methodology">{meaning.section}</Fact>
      </dl>
    </>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Past({ history, unit }: { history: History; unit: string }) {
  const first = history.values.find((value) => value !== null);
  const last = history.values.findLast((value) => value !== null);
  if (history.values.filter((value) => value !== null).length < 2) return null;
  return (
    <section aria-label="History">
      <h3>History</h3>
      <Spark values={history.values} label={`${history.values.length} sessions`} />
      <p class="ends">
        <span>
          {history.dates[0]}: {inUnit(first, unit)}
        </span>
        <span>
          {history.dates.at(-1)}: {inUnit(last, unit)}
        </span>
      </p>
      {history.reasons.map((reason) => (
        <p key={reason} class="note">
          {reason}
        </p>
      ))}
    </section>
  );
}

interface OriginProps {
  report: PortfolioReport;
  measure: string;
  held: PortfolioReport["positions"][number] | undefined;
}

function Origin({ report, measure, held }: OriginProps) {
  const found = metric(report, measure);
  const run = report.last_run;
  return (
    <section aria-label="How it came to be">
      <h3>How it came to be</h3>
      <dl class="facts">
        <Fact name="As of">{report.as_of ?? "–"}</Fact>
        {found?.first_day && (
          <Fact name="Window">
            {found.first_day} to {found.last_day}, {found.observations} days
          </Fact>
        )}
        <Fact name="Coverage">{inUnit(found?.coverage ?? report.coverage?.prices, "share")}</Fact>
        {held && (
          <Fact name="Price">
            {held.price_source ?? "none"} of {held.price_date ?? "no session"}
          </Fact>
        )}
        {held?.iv_source && <Fact name="Volatility">{held.iv_source}</Fact>}
        {held?.model && <Fact name="Model">{held.model}</Fact>}
        {held?.rate_source && <Fact name="Rate">{held.rate_source}</Fact>}
        {run && (
          <Fact name="Run">
            {run.status}, {run.trigger}, {run.finished_at?.replace("T", " ").slice(0, 16) ?? "not finished"}
          </Fact>
        )}
        {(found?.reason ?? held?.reason) && <Fact name="Missing">{found?.reason ?? held?.reason}</Fact>}
      </dl>
      <p class="note">{report.market_data.sentence}</p>
      {report.warnings.map((warning) => (
        <p key={warning.code} class="note">
          {warning.message}
        </p>
      ))}
    </section>
  );
}

function Copies({ measure, history }: { measure: string; history: History | null }) {
  const [copied, setCopied] = useState("");
  const { portfolio_id } = useBook().report.portfolio;
  const address = history?.address ?? addressOf("portfolios/{portfolio_id}/report", { portfolio_id });
  const texts: Array<[string, string]> = [
    ["curl", `curl -H "Authorization: Bearer $TOKEN" '${location.origin}${address}'`],
    ["link", location.href],
  ];
  if (history) {
    const rows = history.dates.map((day, place) => `${day},${history.values[place] ?? ""}`);
    texts.splice(1, 0, ["CSV", [`session,${measure}`, ...rows].join("\n")]);
  }
  const copy = (name: string, text: string) => {
    navigator.clipboard.writeText(text).then(
      () => setCopied(`${name} copied`),
      () => setCopied("the browser does not allow copying"),
    );
  };
  return (
    <footer>
      {texts.map(([name, text]) => (
        <button key={name} type="button" onClick={() => copy(name, text)}>
          Copy as {name}
        </button>
      ))}
      <span role="status">{copied}</span>
    </footer>
  );
}

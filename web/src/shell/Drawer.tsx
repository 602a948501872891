import { useContext, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { addressOf, read } from "../api/client";
import type { Definition, PositionHistory, SeriesReport } from "../api/types";
import { inUnit, instrument, unitShown } from "../format";
import { Spark } from "../parts/Spark";
import { go, useAddress } from "../state/address";
import { BookContext, titleOf, useBook, type Book } from "../state/book";
import { useLoaded } from "../state/loading";
import { isFree, screenOf } from "../state/screens";
import { answeredBy, exclusions, heldBy, originOf, reported, reportedHistory, valueOf, type Asked } from "./origin";

interface History {
  dates: string[];
  values: Array<number | null>;
  /** Where the API has it. */
  address: string;
  reasons: string[];
}

const meanings = new Map<string, Promise<Definition>>();

/** What a measure means; it is the same as long as the page is open. */
function meaningOf(measure: string): Promise<Definition> {
  const known = meanings.get(measure) ?? read("definitions/{measure}", { measure });
  meanings.set(measure, known);
  known.catch(() => meanings.delete(measure));
  return known;
}

export const CLOSED = { figure: undefined, series: undefined, position: undefined, of: undefined, shown: undefined };

/** What a number is, how it came to be, and its history. */
export function Drawer() {
  const { figure, series, position, of, shown } = useAddress();
  useFocusBack(figure !== undefined);
  if (!figure) return null;
  const key = [figure, series, position, of, shown].join(" ");
  return <Open key={key} asked={{ measure: figure, series, position, of }} shown={shown} />;
}

/** When it closes, the focus is where it was before it opened, unless it is elsewhere by then. */
function useFocusBack(isOpen: boolean): void {
  useLayoutEffect(() => {
    if (!isOpen) return;
    const before = document.activeElement;
    return () => {
      if (document.activeElement !== document.body) return;
      const place = before?.isConnected && before !== document.body ? before : document.getElementById("screen");
      (place as HTMLElement | null)?.focus();
    };
  }, [isOpen]);
}

/** The portfolio that the number is of; none, where a screen that needs no portfolio shows it of something else. */
function useBookOf({ of }: Asked): Book | null {
  const book = useContext(BookContext);
  const { screen } = useAddress();
  return of !== undefined && isFree(screenOf(screen, "admin")) ? null : book;
}

interface Props {
  asked: Asked;
  /** As it is on the screen: of a number that has no history. */
  shown: string | undefined;
}

function Open({ asked, shown }: Props) {
  const book = useBookOf(asked);
  const { measure, position } = asked;
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.focus(), []);
  const meaning = useLoaded<Definition>(measure, () => meaningOf(measure));
  const history = useHistory(book, asked, meaning.value);
  const held = book ? heldBy(book.report, position) : undefined;
  const unit = meaning.value?.unit ?? "";
  const now = book && (valueOn(history, book.report.as_of) ?? reported(book.report, asked));
  const name = meaning.value?.title ?? (book ? titleOf(book.report, measure) : measure);
  return (
    <aside ref={place} class="drawer" tabIndex={-1} aria-label={name}>
      <header>
        <h2>{name}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={() => go(CLOSED)}>
          ✕
        </button>
      </header>
      {(held || asked.of) && <p class="note">{held ? instrument(held.symbol) : asked.of}</p>}
      <p class="big">{now === null ? shown : inUnit(now, unit)}</p>
      {meaning.problem && <p class="empty">{meaning.problem}</p>}
      {meaning.value && <Meaning meaning={meaning.value} />}
      {history && <Past history={history} unit={unit} />}
      {book && <Origin asked={asked} />}
      <Copies book={book} asked={asked} history={history} shown={now === null ? shown : String(now)} />
    </aside>
  );
}

/** Its values over sessions: a series of the API, a position's history, or what the report holds. */
function useHistory(book: Book | null, asked: Asked, meaning: Definition | null): History | null {
  const { measure, position } = asked;
  const id = book?.report.portfolio.portfolio_id ?? "";
  const served = asked.series?.startsWith("attribution.") ? undefined : asked.series;
  const wanted = asked.of || !book ? undefined : (served ?? (meaning?.series ? measure : undefined));
  const loaded = useLoaded<History>(
    position ? `position ${position}` : wanted ? `series ${wanted}` : null,
    () => (position ? positionHistory(position, measure) : portfolioHistory(id, wanted ?? measure)),
    book?.version,
  );
  if (position || wanted) return loaded.value;
  const values = asked.series || asked.of || !book ? null : reportedHistory(book.report, measure);
  const address = addressOf("portfolios/{portfolio_id}/report", { portfolio_id: id });
  return values && { dates: book?.report.history.map((point) => point.as_of) ?? [], values, address, reasons: [] };
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
    reasons: only?.gaps.map((gap) => `${gap.count} session${gap.count === 1 ? "" : "s"} without: ${gap.reason}`) ?? [],
  };
}

async function positionHistory(positionId: string, measure: string): Promise<History> {
  const ids = { position_id: positionId };
  const answer: PositionHistory = await read("positions/{position_id}/history", ids);
  return {
    dates: answer.items.map((point) => point.as_of),
    values: answer.items.map((point) => valueOf({ ...point.greeks, ...point }, measure)),
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
        <Fact name="Unit">{unitShown(meaning.unit)}</Fact>
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
  const first = history.values.findIndex((value) => value !== null);
  const last = history.values.findLastIndex((value) => value !== null);
  if (first === last) return null;
  return (
    <section aria-label="History">
      <h3>History</h3>
      <Spark values={history.values} label={`${history.values.length} sessions`} />
      <p class="ends">
        {[first, last].map((place) => (
          <span key={place}>
            {history.dates[place]}: {inUnit(history.values[place], unit, { compact: true })}
          </span>
        ))}
      </p>
      {history.reasons.map((reason) => (
        <p key={reason} class="note">
          {reason}
        </p>
      ))}
    </section>
  );
}

const NAMED = 12;

function Origin({ asked }: { asked: Asked }) {
  const { report } = useBook();
  const left = asked.position ? [] : exclusions(report, asked);
  return (
    <section aria-label="How it came to be">
      <h3>How it came to be</h3>
      <dl class="facts">
        {originOf(report, asked).map(([name, text]) => (
          <Fact key={name} name={name}>
            {text}
          </Fact>
        ))}
        {!asked.position && (
          <Fact name="Excluded">
            {left.length ? left.slice(0, NAMED).map((each) => <Excluded key={each.position_id} {...each} />) : "no position"}
            {left.length > NAMED && `and ${left.length - NAMED} more`}
          </Fact>
        )}
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

function Excluded({ symbol, reason }: { symbol: string; reason: string }) {
  return (
    <p>
      {instrument(symbol)}: {reason}
    </p>
  );
}

interface CopiesProps {
  book: Book | null;
  asked: Asked;
  history: History | null;
  shown: string | undefined;
}

function Copies({ book, asked, history, shown }: CopiesProps) {
  const [copied, setCopied] = useState("");
  const address = useAddress();
  const day = book?.report.as_of ?? "";
  const rows = history
    ? history.dates.map((session, place) => `${session},${history.values[place] ?? ""}`)
    : [`${day},${inCsv(shown ?? "")}`];
  const from = history?.address ?? (book ? reportOf(book) : answeredBy(asked.measure, address));
  const curl: Array<[string, string]> = from
    ? [["curl", `curl -H "Authorization: Bearer $TOKEN" '${location.origin}${from}'`]]
    : [];
  const texts: Array<[string, string]> = [
    ...curl,
    ["CSV", [`session,${asked.series ?? asked.measure}`, ...rows].join("\n")],
    ["link", location.href],
  ];
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

function reportOf({ report }: Book): string {
  const ids = { portfolio_id: report.portfolio.portfolio_id };
  return addressOf("portfolios/{portfolio_id}/report", ids, { as_of: report.as_of ?? undefined });
}

/** A text with thousands is one cell. */
function inCsv(text: string): string {
  return text.includes(",") ? `"${text}"` : text;
}

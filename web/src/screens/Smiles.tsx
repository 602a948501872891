import type { ExpirySmile, PortfolioReport, SmileReport } from "../api/types";
import { fixed, number, percent, sentence } from "../format";
import { Panel } from "../parts/Panel";
import { Part } from "../parts/Part";
import { useBook } from "../state/book";
import { SmilePicture, type Used } from "./SmilePicture";

interface Props {
  smile: SmileReport | null;
  loading: boolean;
  problem: string | null;
  underlying: string;
}

/** One small picture per expiry, all on one scale: quotes, the curve, and what positions are valued with. */
export function Smiles({ smile, loading, problem, underlying }: Props) {
  const { report } = useBook();
  const expiries = expiriesOf(smile, report, underlying);
  const rows = expiries.flatMap((each) => [
    ...each.smile.quotes.map((quote) => [
      each.smile.expiry,
      `${quote.option_type === "C" ? "Call" : "Put"} ${number(quote.strike)}`,
      `${fixed(quote.bid, 2)} / ${fixed(quote.ask, 2)}`,
      percent(quote.bid_volatility),
      percent(quote.volatility),
      percent(quote.ask_volatility),
      quote.reason ?? (quote.fitted ? "fitted" : ""),
    ]),
    ...each.used.map((used) => [
      each.smile.expiry,
      `${used.name}, held ${used.quantity < 0 ? "short" : "long"}`,
      "–",
      "–",
      percent(used.volatility),
      "–",
      used.source,
    ]),
  ]);
  const columns = [
    { name: "Expiry" },
    { name: "Option" },
    { name: "Bid / ask", numeric: true, measure: "bid" },
    { name: "Bid volatility", numeric: true, measure: "bid_volatility" },
    { name: "Mid, used volatility", numeric: true, measure: "volatility" },
    { name: "Ask volatility", numeric: true, measure: "ask_volatility" },
    { name: "Note" },
  ];
  const quoted = smile?.as_of && smile.as_of !== report.as_of ? `quotes of ${smile.as_of}` : undefined;
  return (
    <Panel title="Smile by expiry" wide note={quoted} table={{ columns, rows }}>
      {problem && <p role="alert">{problem}</p>}
      {loading && !smile && <p class="empty">Loading …</p>}
      {smile?.reason && (
        <p class="note">{`${sentence(smile.reason)} What positions are valued with is shown alone.`}</p>
      )}
      <p class="legend note">
        <span>
          <i class="quote" /> mid quote, bid to ask
        </span>
        <span>
          <i class="fit" /> curve
        </span>
        <span>
          <i class="long" /> held long
        </span>
        <span>
          <i class="short" /> held short, at the volatility used
        </span>
      </p>
      <div class="smiles">
        {expiries.map(({ smile: each, used }) => (
          <figure key={each.expiry}>
            <figcaption>
              <b>{each.expiry}</b> <Facts smile={each} underlying={underlying} />
            </figcaption>
            <SmilePicture smile={each} used={used} range={rangeOf(expiries)} />
          </figure>
        ))}
      </div>
      {(smile?.quotes_not_shown ?? 0) > 0 && <p class="note">{smile?.quotes_not_shown} quotes far from the money are not shown.</p>}
    </Panel>
  );
}

interface Shown {
  smile: ExpirySmile;
  used: Used[];
}

/** Every expiry with a quote or a position, the nearest first. */
function expiriesOf(smile: SmileReport | null, report: PortfolioReport, underlying: string): Shown[] {
  const held = report.greeks.positions.filter((each) => each.underlying === underlying && each.volatility !== null);
  const quoted = new Map(smile?.expiries.map((each) => [each.expiry, each]) ?? []);
  const expiries = new Set([...quoted.keys(), ...held.flatMap((each) => each.expiry ?? [])]);
  return [...expiries].sort().map((expiry) => ({
    smile: quoted.get(expiry) ?? unquoted(expiry),
    used: held
      .filter((each) => each.expiry === expiry)
      .map((each) => ({
        name: `${each.option_type === "C" ? "Call" : "Put"} ${number(each.strike)}`,
        strike: each.strike ?? 0,
        volatility: each.volatility ?? 0,
        quantity: each.quantity,
        source: each.iv_source ?? "",
      })),
  }));
}

function unquoted(expiry: string): ExpirySmile {
  return { expiry, years_to_expiry: 0, forward: null, quotes: [], fit: null, reason: "no quote of this expiry is stored" };
}

/** One scale of volatility for all, so that expiries can be compared. */
function rangeOf(expiries: Shown[]): [number, number] {
  const values = expiries.flatMap(({ smile, used }) => [
    ...smile.quotes.flatMap((each) => each.volatility ?? []),
    ...(smile.fit?.fitted_volatilities ?? []),
    ...used.map((each) => each.volatility),
  ]);
  if (!values.length) return [0, 1];
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = Math.max((high - low) * 0.12, 0.01);
  return [Math.max(low - room, 0), high + room];
}

function Facts({ smile, underlying }: { smile: ExpirySmile; underlying: string }) {
  if (!smile.fit) return <small>{smile.reason}</small>;
  const about = `${underlying} ${smile.expiry}`;
  const { at_the_money: level, skew, fit_deviation: deviation } = smile.fit;
  return (
    <small>
      at the money <Part measure="at_the_money" about={about} amount={percent(level)} />, skew{" "}
      <Part measure="skew" about={about} amount={fixed(skew, 3, true)} />, off by{" "}
      <Part measure="fit_deviation" about={about} amount={percent(deviation)} />
    </small>
  );
}

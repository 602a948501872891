import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import type { ListedPortfolio } from "../api/names";
import type { PortfolioReport } from "../api/types";
import { inUnit, money, percent, tone } from "../format";
import { Figure } from "../parts/Figure";
import { go } from "../state/address";
import { metric, type Book } from "../state/book";
import type { Progress } from "../state/events";
import { limitsInWords } from "../state/limits";
import { Sessions } from "./Sessions";
import { State, StateDialogs } from "./State";

interface Props {
  book: Book | null;
  portfolio: ListedPortfolio;
  progress: Progress;
}

/** What a manager looks at first, on every screen. */
export function Strip({ book, portfolio, progress }: Props) {
  const [all, setAll] = useState(false);
  return (
    <header class={all ? "strip all" : "strip"}>
      <div class="heading">
        <h1 title={portfolio.name}>{portfolio.name}</h1>
        <button type="button" class="quiet" onClick={() => go({ dialog: "share" })}>
          {portfolio.owner_name ? `Shared: ${portfolio.access}` : "Share"}
        </button>
        {book?.report.as_of && <Sessions book={book} />}
        <State book={book} progress={progress} />
      </div>
      {book?.report.snapshot && <Numbers report={book.report} all={all} onAll={setAll} />}
      {book && <StateDialogs book={book} />}
    </header>
  );
}

interface ItemProps {
  name: string;
  note?: ComponentChildren;
  /** Whether the note is a name, which is never cut. */
  named?: boolean;
  /** Shown on a phone only on demand. */
  minor?: boolean;
  children: ComponentChildren;
}

function Item({ name, note, named = false, minor = false, children }: ItemProps) {
  return (
    <div class={minor ? "item minor" : "item"}>
      <dt>{name}</dt>
      <dd>
        {children}
        {note && (
          <small class={named ? "named" : undefined} title={typeof note === "string" ? note : undefined}>
            {note}
          </small>
        )}
      </dd>
    </div>
  );
}

interface NumbersProps {
  report: PortfolioReport;
  /** On a phone: every figure and every state, not the essential ones alone. */
  all: boolean;
  onAll: (all: boolean) => void;
}

function Numbers({ report, all, onAll }: NumbersProps) {
  const snapshot = report.snapshot;
  if (!snapshot) return null;
  return (
    <>
      <dl class="numbers" id="numbers">
        <Item name="NAV">
          <Figure measure="nav">{money(snapshot.nav, { whole: true })}</Figure>
        </Item>
        <Item name="Day P&L" note={percent(snapshot.daily_return, true)}>
          <Figure measure="daily_pnl" tone={tone(snapshot.daily_pnl)}>
            {money(snapshot.daily_pnl, { plus: true, whole: true })}
          </Figure>
        </Item>
        <Exposures report={report} />
        <Metric report={report} name="dollar_vega_1pt" title="Vega, 1 point" plus minor />
        <Metric report={report} name="dollar_theta_1d" title="Theta, 1 day" plus minor />
        <Metric report={report} name="var_99_1d_historical" title="VaR 99 %" />
        <Metric report={report} name="es_95_1d_historical" title="ES 95 %" minor />
        <Metric report={report} name="es_99_1d_historical" title="ES 99 %" minor />
        <WorstScenario report={report} />
        <Limits report={report} />
      </dl>
      <button
        type="button"
        class="quiet more"
        aria-expanded={all}
        aria-controls="numbers"
        onClick={() => onAll(!all)}
      >
        {all ? "Fewer figures" : "All figures"}
      </button>
    </>
  );
}

/**
 * Gross and net by delta, as shares of NAV. The net is the dollar delta, so that stands there once,
 * in dollars.
 */
function Exposures({ report }: { report: PortfolioReport }) {
  const dollars = report.snapshot?.exposures?.delta_adjusted;
  const shares = report.snapshot?.exposures_of_nav?.delta_adjusted;
  const weighted = metric(report, "dollar_delta_beta_weighted");
  return (
    <>
      <Item name="Gross" note={money(dollars?.gross, { compact: true })} minor>
        <Figure measure="gross" series="exposure.delta_adjusted.gross">
          {percent(shares?.gross)}
        </Figure>
      </Item>
      <Item
        name="Net, $ delta"
        note={
          <Figure measure="dollar_delta">{money(dollars?.net, { compact: true, plus: true })}</Figure>
        }
        minor
      >
        <Figure measure="net" series="exposure.delta_adjusted.net">
          {percent(shares?.net, true)}
        </Figure>
      </Item>
      <Item
        name="Net, beta-adj."
        note={weighted?.reason ?? money(weighted?.value, { compact: true, plus: true })}
        minor
      >
        <Figure measure="dollar_delta_beta_weighted">{percent(weighted?.share_of_nav, true)}</Figure>
      </Item>
    </>
  );
}

interface MetricProps {
  report: PortfolioReport;
  name: string;
  title: string;
  plus?: boolean;
  minor?: boolean;
}

function Metric({ report, name, title, plus = false, minor = false }: MetricProps) {
  const found = metric(report, name);
  const share = found?.share_of_nav ?? null;
  const note = found?.reason ?? (share === null ? undefined : `${percent(share)} of NAV`);
  return (
    <Item name={title} note={found ? note : "not measured"} minor={minor}>
      <Figure measure={name}>{found ? inUnit(found.value, found.unit, { plus, compact: true }) : "–"}</Figure>
    </Item>
  );
}

function WorstScenario({ report }: { report: PortfolioReport }) {
  const worst = report.stress.correlated.worst ?? report.stress.direct.worst;
  return (
    <Item name="Worst scenario" note={worst?.name ?? "not measured"} named minor>
      {worst ? (
        <Figure measure="total_pnl" series={`scenario.${worst.scenario_id}`} tone={tone(worst.total_pnl)}>
          {money(worst.total_pnl, { compact: true, plus: true })}
        </Figure>
      ) : (
        "–"
      )}
    </Item>
  );
}

function Limits({ report }: { report: PortfolioReport }) {
  const [first, ...others] = limitsInWords(report.limits);
  const bad = first?.state === "breached" ? "loss" : !first || first.state === "ok" ? "" : "warned";
  const note = first ? [first.words, ...others.map((each) => each.text)].join(", ") : "in force";
  return (
    <Item name="Limits" note={<span title={note}>{note}</span>}>
      <button
        type="button"
        class={`figure ${bad}`}
        aria-label={first ? `Limits: ${[first, ...others].map((each) => each.text).join(", ")}` : undefined}
        onClick={() => go({ screen: "limits" })}
      >
        {first?.count ?? "none"}
      </button>
    </Item>
  );
}

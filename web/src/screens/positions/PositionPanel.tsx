import { useEffect, useRef } from "preact/hooks";

import { read } from "../../api/client";
import type { PositionHistory, PositionOut } from "../../api/types";
import { fixed, instrument, money, number, percent, words } from "../../format";
import { levelTone } from "../../measures";
import { Editing, mayEdit } from "../../parts/Editing";
import { Figure } from "../../parts/Figure";
import { go, useAddress } from "../../state/address";
import { useBook } from "../../state/book";
import { useLoaded } from "../../state/loading";
import { History } from "./History";
import { Ledger } from "./Ledger";
import { Lots } from "./Lots";
import { TagEditor } from "./TagEditor";
import { TermsForm } from "./TermsForm";

const PARTS = { history: "History", lots: "Lots", transactions: "Transactions", edit: "Edit" } as const;

interface Props {
  positionId: string;
  version: string;
  onChanged: () => void;
}

/** One position: its figures, tags, past, lots and transactions, and what can be changed of it. */
export function PositionPanel({ positionId, version, onChanged }: Props) {
  const { portfolio, report, asOf } = useBook();
  const { part = "history" } = useAddress();
  const place = useRef<HTMLElement>(null);
  const key = `${positionId} ${asOf}`;
  const ids = { position_id: positionId };
  const position = useLoaded<PositionOut>(key, () => read("positions/{position_id}", ids, { as_of: asOf }), version);
  const past = useLoaded<PositionHistory>(
    key,
    () => read("positions/{position_id}/history", ids, { to: asOf }),
    version,
  );
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    place.current?.focus();
    return () => before?.focus();
  }, []);
  const shown = position.value;
  const portfolioId = report.portfolio.portfolio_id;
  if (shown && shown.portfolio_id !== portfolioId) return null;
  return (
    <aside ref={place} class="drawer position" tabIndex={-1} aria-label="Position">
      <header>
        <div>
          <h2>{shown ? instrument(shown.symbol) : "Position"}</h2>
          <p class="note">{shown && [shown.name, shown.sector, words(shown.investment_class.toLowerCase())].filter(Boolean).join(" · ")}</p>
        </div>
        <button type="button" class="quiet" aria-label="Close the position" onClick={() => go({ open: undefined, part: undefined })}>
          ✕
        </button>
      </header>
      {position.problem && <p role="alert">{position.problem}</p>}
      {!shown && position.loading && <p class="empty">Loading …</p>}
      {shown && (
        <>
          {shown.reason && <p class="pill warn wrap">{shown.reason}</p>}
          <Numbers position={shown} last={past.value?.items.find((point) => point.as_of === shown.valued_on)} />
          {mayEdit(portfolio) ? (
            <TagEditor position={shown} onChanged={onChanged} />
          ) : (
            <p class="tags">
              {shown.tags.map((name) => (
                <span key={name} class="pill">
                  {name}
                </span>
              ))}
            </p>
          )}
          <div class="choice" role="group" aria-label="What is shown of the position">
            {Object.entries(PARTS).map(([name, title]) => (
              <button key={name} type="button" aria-pressed={name === part} onClick={() => go({ part: name }, true)}>
                {title}
              </button>
            ))}
          </div>
          {part === "lots" ? (
            <Lots portfolioId={portfolioId} version={version} symbol={shown.symbol} mine={positionId} />
          ) : part === "transactions" ? (
            <Ledger portfolioId={portfolioId} version={version} symbol={shown.symbol} onChanged={onChanged} />
          ) : part === "edit" ? (
            <Editing>
              <TermsForm position={shown} onSaved={onChanged} />
            </Editing>
          ) : (
            <History history={past.value} problem={past.problem} isOption={shown.strike !== null} />
          )}
        </>
      )}
    </aside>
  );
}

type Point = PositionHistory["items"][number];

function Numbers({ position, last }: { position: PositionOut; last: Point | undefined }) {
  const source = [
    position.price_source && words(position.price_source).toLowerCase(),
    position.price_date && `of ${position.price_date}`,
    position.stale && "carried forward",
  ];
  const isOption = position.strike !== null;
  const figures: Array<[name: string, measure: string, value: number | null | undefined, text: string, note?: string]> = [
    ["Quantity", "quantity", position.quantity, number(position.quantity)],
    ["Price", "price", position.price, money(position.price), source.filter(Boolean).join(" ")],
    ["Market value", "market_value", position.market_value, money(position.market_value), `${percent(position.weight)} of gross value`],
    ["Day P&L", "daily_pnl", position.daily_pnl, money(position.daily_pnl, { plus: true })],
    ["Unrealised", "unrealised_pnl", position.unrealised_pnl, money(position.unrealised_pnl, { plus: true }), `${percent(position.unrealised_return, true)} of cost`],
    ["Realised", "realised_pnl", position.realised_pnl, money(position.realised_pnl, { plus: true })],
    ["Cost", "cost", position.cost, money(position.cost), `at ${money(position.entry_price)} on ${position.entry_date}`],
    ["Component VaR", "component_var", last?.component_var, money(last?.component_var), "of 95 %, one day"],
    ["Dollar delta", "delta_adjusted_exposure", position.delta_adjusted_exposure, money(position.delta_adjusted_exposure)],
  ];
  if (isOption) {
    figures.push(
      ["Volatility", "volatility", last?.volatility, percent(last?.volatility), last?.iv_source ? words(last.iv_source).toLowerCase() : undefined] as (typeof figures)[number],
      ["Delta", "delta", position.delta, fixed(position.delta, 4), "per share"],
      ["Dollar gamma", "dollar_gamma_1pct", last?.dollar_gamma_1pct, money(last?.dollar_gamma_1pct, { plus: true }), "per 1 %"],
      ["Theta", "theta", position.greeks.theta, money(position.greeks.theta, { plus: true }), "per day"],
      ["Vega", "vega", position.greeks.vega, money(position.greeks.vega, { plus: true }), "per point"],
      ["Rho", "rho", position.greeks.rho, money(position.greeks.rho, { plus: true }), "per point"],
      ["Underlying", "underlying_price", position.underlying_price, money(position.underlying_price)],
    );
  }
  return (
    <dl class="numbers">
      {figures.map(([name, measure, value, text, note]) => (
        <div key={name} class="item">
          <dt>{name}</dt>
          <dd>
            <Figure
              measure={measure}
              position={position.position_id}
              tone={levelTone(measure, value)}
            >
              {text}
            </Figure>
            {note && <small title={note}>{note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

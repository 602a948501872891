import type { ComponentChildren } from "preact";

import type { PositionSums } from "../../api/types";
import { fixed, modelName, money, number, percent, words } from "../../format";
import { levelTone } from "../../measures";
import { Figure } from "../../parts/Figure";
import type { Row } from "./rows";
import { TagMark } from "./TagMark";

/** What a value is, and how one is written and read. */
export type Unit = "usd" | "percent" | "number" | "days";

export interface GridColumn {
  id: string;
  name: string;
  kind: "text" | "number" | "date";
  unit?: Unit;
  /** Whether it is written with a plus. */
  plus?: boolean;
  /** What its name does not say: at its heading. */
  hint?: string;
  /** In pixels. */
  width: number;
  /** Shown until columns are chosen. */
  usual?: boolean;
  /** What rows are sorted and filtered by; a position may have several tags. */
  value: (row: Row) => string | number | string[] | null;
  cell: (row: Row) => ComponentChildren;
  /** The API's sum over some positions. */
  sum?: (sums: PositionSums) => number | null | undefined;
}

type Named = keyof Row & string;
interface About {
  unit?: Unit;
  plus?: boolean;
  width?: number;
  usual?: boolean;
  hint?: string;
  sum?: GridColumn["sum"];
}

/** A column of the API's numbers, each of which a click explains. */
function numeric(id: Named, name: string, about: About = {}): GridColumn {
  const { unit = "usd", plus = false, width = 106, usual = false, hint, sum } = about;
  const value = (row: Row) => row[id] as number | null;
  return {
    id,
    name,
    kind: "number",
    unit,
    plus,
    width,
    usual,
    value,
    ...(sum ? { sum } : {}),
    ...(hint ? { hint } : {}),
    cell: (row) =>
      value(row) === null ? (
        ""
      ) : (
        <Figure measure={id} position={row.position_id} tone={levelTone(id, value(row))} untabbed>
          {written(value(row), unit, plus)}
        </Figure>
      ),
  };
}

export function written(value: number | null | undefined, unit: Unit, plus = false): string {
  if (unit === "usd") return money(value, { plus });
  if (unit === "percent") return percent(value, plus);
  return unit === "days" ? fixed(value, 0) : number(value, 4, plus);
}

function text(id: Named, name: string, width: number, shown: (value: string) => string = String): GridColumn {
  const value = (row: Row) => row[id] as string | null;
  return {
    id,
    name,
    kind: /date|expiry/.test(id) ? "date" : "text",
    width,
    value,
    cell: (row) => {
      const own = value(row);
      return own === null ? <span class="none">–</span> : <span title={shown(own)}>{shown(own)}</span>;
    },
  };
}

const SOURCES: Record<string, string> = {
  close: "close",
  adjusted_close: "adjusted close",
  quote_mid: "quote",
  model: "model",
  intrinsic: "intrinsic",
};

export const STRATEGY = /^strategy:\s*/i;

const POSITION: GridColumn = {
  id: "symbol",
  name: "Position",
  kind: "text",
  width: 244,
  usual: true,
  value: (row) => row.symbol,
  cell: (row) => (
    <span class="symbol" title={row.reason ?? row.name ?? undefined}>
      {row.strike === null ? (
        row.symbol
      ) : (
        <>
          {row.underlying}{" "}
          <small>
            {row.expiry} {number(row.strike)} {row.option_type === "C" ? "call" : "put"}
          </small>
        </>
      )}
      {row.reason && <span class="pill warn">{row.reason}</span>}
    </span>
  ),
};

const SOURCE: GridColumn = {
  id: "price_source",
  name: "Source and age",
  kind: "text",
  width: 176,
  usual: true,
  value: (row) => row.price_source,
  // The age comes first: what has no room is the source.
  cell: (row) => (
    <span title={row.price_date ? `of ${row.price_date}` : undefined}>
      {row.price_age !== null && row.price_age > 0 && (
        <span class="pill warn">
          {row.price_age} {row.price_age === 1 ? "session" : "sessions"} old
        </span>
      )}{" "}
      {SOURCES[row.price_source ?? ""] ?? "none"}
    </span>
  ),
};

const VOLATILITY: GridColumn = {
  ...numeric("volatility", "Volatility", { unit: "percent", width: 150, usual: true }),
  cell: (row) =>
    row.volatility === null ? (
      ""
    ) : (
      <>
        <small>{row.iv_source ? words(row.iv_source).toLowerCase() : ""}</small>{" "}
        <Figure measure="volatility" position={row.position_id} untabbed>
          {percent(row.volatility)}
        </Figure>
      </>
    ),
};

const TAGS: GridColumn = {
  id: "tags",
  name: "Tags",
  kind: "text",
  width: 180,
  usual: true,
  value: (row) => row.tags,
  cell: (row) => row.tags.map((tag) => <TagMark key={tag} name={tag} />),
};

const SIDE: GridColumn = {
  id: "side",
  name: "Side",
  kind: "text",
  width: 70,
  value: (row) => (row.quantity < 0 ? "short" : "long"),
  cell: (row) => (row.quantity < 0 ? "short" : "long"),
};

const STRATEGIES: GridColumn = {
  id: "strategy",
  name: "Strategy",
  kind: "text",
  width: 140,
  value: (row) => row.tags.filter((tag) => STRATEGY.test(tag)).map((tag) => tag.replace(STRATEGY, "")),
  cell: (row) =>
    row.tags
      .filter((tag) => STRATEGY.test(tag))
      .map((tag) => tag.replace(STRATEGY, ""))
      .join(", "),
};

const greek = (name: "delta" | "gamma" | "theta" | "vega" | "rho") => (sums: PositionSums) => sums.greeks[name];

export const COLUMNS: GridColumn[] = [
  POSITION,
  { ...numeric("quantity", "Quantity", { unit: "number", width: 84, usual: true }) },
  numeric("price", "Price", { width: 90, usual: true }),
  SOURCE,
  numeric("market_value", "Market value", { width: 120, usual: true, sum: (sums) => sums.market_value }),
  numeric("weight", "Weight of gross", {
    unit: "percent",
    width: 130,
    usual: true,
    hint: "Share of the absolute market values of all positions added up",
    sum: (sums) => sums.weight,
  }),
  numeric("daily_pnl", "Day P&L", { plus: true, usual: true, sum: (sums) => sums.daily_pnl }),
  numeric("unrealised_pnl", "Unrealised", { plus: true, width: 116, usual: true, sum: (sums) => sums.unrealised_pnl }),
  numeric("realised_pnl", "Realised", { plus: true, usual: true, sum: (sums) => sums.realised_pnl }),
  numeric("delta_adjusted_exposure", "Dollar delta", {
    width: 130,
    usual: true,
    sum: (sums) => sums.exposures.delta_adjusted?.net,
  }),
  numeric("dollar_gamma_1pct", "Dollar gamma", { plus: true, usual: true, sum: (sums) => sums.dollar_gamma_1pct }),
  numeric("theta", "Theta, 1 day", { plus: true, usual: true, sum: greek("theta") }),
  numeric("vega", "Vega, 1 point", { plus: true, usual: true, sum: greek("vega") }),
  VOLATILITY,
  numeric("component_var", "Component VaR", {
    width: 126,
    usual: true,
    hint: "Part of the smoothed one-day VaR 95 %: the parts add up to that, not to the historical VaR",
    sum: (sums) => sums.component_var,
  }),
  { ...text("sector", "Sector", 150), usual: true },
  TAGS,
  text("name", "Name", 200),
  SIDE,
  text("instrument", "Instrument", 100),
  text("position_type", "Type", 80),
  text("underlying", "Underlying", 100),
  STRATEGIES,
  text("expiry", "Expiry", 104),
  numeric("days_to_expiry", "Days to expiry", { unit: "days", width: 116 }),
  numeric("strike", "Strike", { width: 96 }),
  numeric("cost", "Cost", { width: 130, sum: (sums) => sums.cost }),
  numeric("entry_price", "Entry price", { width: 104 }),
  text("entry_date", "Entered", 104),
  numeric("unrealised_return", "Return on cost", { unit: "percent", plus: true, width: 122 }),
  numeric("income", "Dividends, day", { plus: true, width: 120 }),
  numeric("notional_exposure", "Notional", { width: 130, sum: (sums) => sums.exposures.notional?.net }),
  numeric("delta", "Delta", { unit: "number", width: 84 }),
  numeric("gamma", "Gamma", { unit: "number", width: 96, sum: greek("gamma") }),
  numeric("rho", "Rho, 1 point", { plus: true, sum: greek("rho") }),
  numeric("underlying_price", "Underlying price", { width: 128 }),
  text("price_date", "Price of", 104),
  numeric("price_age", "Price age", { unit: "days", width: 90 }),
  text("iv_source", "Volatility source", 128, (value) => words(value).toLowerCase()),
  text("model", "Model", 170, modelName),
  text("investment_class", "Class", 90),
  text("exit_date", "Closed", 104),
  numeric("exit_price", "Exit price", { width: 104 }),
];

const BY_ID = new Map(COLUMNS.map((column) => [column.id, column]));

export function columnOf(id: string): GridColumn | undefined {
  return BY_ID.get(id);
}

/** The columns that an address names, else the usual ones; the position itself is always first. */
export function chosenColumns(names: string | undefined): GridColumn[] {
  const chosen = names?.split(",").flatMap((id) => columnOf(id) ?? []) ?? [];
  if (!chosen.length) return COLUMNS.filter((column) => column.usual);
  return [POSITION, ...chosen.filter((column) => column !== POSITION)];
}

export function beginsColumn(text: string): boolean {
  return COLUMNS.some((column) => column.name.toLowerCase().startsWith(text));
}

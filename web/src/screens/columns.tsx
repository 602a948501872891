import type { ComponentChildren } from "preact";

import { money, number, percent, tone, words } from "../format";
import { Figure } from "../parts/Figure";
import { go } from "../state/address";
import type { Row } from "./rows";

export interface GridColumn {
  id: string;
  name: string;
  numeric?: boolean;
  /** What rows are sorted by. */
  value: (row: Row) => string | number | null;
  cell: (row: Row) => ComponentChildren;
}

type Named = keyof Row & string;

function dollars(id: Named, name: string, plus = true): GridColumn {
  const value = (row: Row) => row[id] as number | null;
  return {
    id,
    name,
    numeric: true,
    value,
    cell: (row) =>
      value(row) === null ? (
        ""
      ) : (
        <Figure measure={id} position={row.position_id} tone={plus ? tone(value(row)) : ""}>
          {money(value(row), { plus })}
        </Figure>
      ),
  };
}

const SOURCES: Record<string, string> = {
  close: "close",
  adjusted_close: "adjusted close",
  quote_mid: "quote",
  model: "model",
  intrinsic: "intrinsic",
};

export const COLUMNS: GridColumn[] = [
  {
    id: "symbol",
    name: "Position",
    value: (row) => row.symbol,
    cell: (row) => (
      <span class="symbol" title={row.reason ?? undefined}>
        {row.strike === null ? (
          row.symbol
        ) : (
          <>
            {row.underlying}{" "}
            <small>
              {row.expiry} {number(row.strike)} {row.position_type.endsWith("C") ? "call" : "put"}
            </small>
          </>
        )}
        {row.reason && <span class="pill warn">{row.reason}</span>}
      </span>
    ),
  },
  {
    id: "quantity",
    name: "Quantity",
    numeric: true,
    value: (row) => row.quantity,
    cell: (row) => number(row.quantity),
  },
  {
    id: "price",
    name: "Price",
    numeric: true,
    value: (row) => row.price,
    cell: (row) => (
      <Figure measure="price" position={row.position_id}>
        {money(row.price)}
      </Figure>
    ),
  },
  {
    id: "price_source",
    name: "Source",
    value: (row) => row.price_source,
    cell: (row) => (
      <span>
        {SOURCES[row.price_source ?? ""] ?? "none"}{" "}
        {row.stale && <span class="pill warn">of {row.price_date}</span>}
      </span>
    ),
  },
  dollars("market_value", "Market value", false),
  {
    id: "weight",
    name: "Weight",
    numeric: true,
    value: (row) => row.weight,
    cell: (row) => percent(row.weight),
  },
  dollars("daily_pnl", "Day P&L"),
  dollars("unrealised_pnl", "Unrealised"),
  dollars("delta_adjusted_exposure", "Delta-adjusted", false),
  dollars("component_var", "Component VaR", false),
  {
    id: "theta",
    name: "Theta",
    numeric: true,
    value: (row) => row.theta,
    cell: (row) => (row.theta === null ? "" : <Greek name="theta" row={row} />),
  },
  {
    id: "vega",
    name: "Vega",
    numeric: true,
    value: (row) => row.vega,
    cell: (row) => (row.vega === null ? "" : <Greek name="vega" row={row} />),
  },
  {
    id: "volatility",
    name: "Volatility",
    numeric: true,
    value: (row) => row.volatility,
    cell: (row) =>
      row.volatility === null ? (
        ""
      ) : (
        <span title={row.iv_source ? words(row.iv_source) : undefined}>
          <Figure measure="volatility" position={row.position_id}>
            {percent(row.volatility)}
          </Figure>
        </span>
      ),
  },
  { id: "sector", name: "Sector", value: (row) => row.sector, cell: (row) => row.sector ?? "–" },
  dollars("realised_pnl", "Realised"),
  {
    id: "tags",
    name: "Tags",
    value: (row) => row.tags.join(" "),
    cell: (row) =>
      row.tags.map((tag) => (
        <button key={tag} type="button" class="pill" onClick={() => go({ filter: tag })}>
          {tag}
        </button>
      )),
  },
];

function Greek({ name, row }: { name: "theta" | "vega"; row: Row }) {
  return (
    <Figure measure={name} position={row.position_id} tone={tone(row[name])}>
      {money(row[name], { plus: true })}
    </Figure>
  );
}

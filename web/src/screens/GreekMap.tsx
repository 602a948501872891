import { Fragment } from "preact";

import type { DollarGreeks, MapRow, OptionMap, SidesOfGreeks } from "../api/types";
import { money, number } from "../format";
import { Select } from "../parts/Select";
import { Choice } from "../parts/Choice";
import { Heat, largest } from "../parts/Heat";
import { Panel } from "../parts/Panel";
import { Part } from "../parts/Part";
import { go, useAddress } from "../state/address";

const GREEKS = {
  dollar_vega_1pt: "Vega, 1 point",
  dollar_theta_1d: "Theta, 1 day",
  dollar_gamma_1pct: "Gamma, 1 %",
  dollar_delta: "Dollar delta",
  dollar_rho_1pct: "Rho, 1 point",
} as const;
type Greek = keyof typeof GREEKS;
const SIDES = { net: "Net", long: "Long", short: "Short" } as const;
type Side = keyof typeof SIDES;

/** One Greek of the options by expiry, and by strike of one underlying or by underlying. */
export function GreekMap({ map }: { map: OptionMap }) {
  const address = useAddress();
  const greek: Greek = address["greek"] && address["greek"] in GREEKS ? (address["greek"] as Greek) : "dollar_vega_1pt";
  const side: Side = address["side"] && address["side"] in SIDES ? (address["side"] as Side) : "net";
  if (!map.options.positions) {
    const of = map.underlying ? ` on ${map.underlying}` : "";
    return (
      <Panel title="Greeks by expiry" wide>
        <p class="empty">
          {map.reason ?? `The portfolio holds no options${of}: curve and grid are of its shares alone.`}
        </p>
      </Panel>
    );
  }
  return (
    <Panel title={`${GREEKS[greek]} by expiry`} wide note={noteOf(map)}>
      <div class="toolbar">
        <Select
          name="Greek"
          value={greek}
          choices={Object.entries(GREEKS)}
          onChoose={(value) => go({ greek: value === "dollar_vega_1pt" ? undefined : value })}
        />
        <Choice
          label="Side"
          choices={Object.entries(SIDES)}
          chosen={side}
          onChoose={(value) => go({ side: value === "net" ? undefined : value })}
        />
      </div>
      <Cells map={map} greek={greek} side={side} />
      <Totals map={map} greek={greek} />
      {map.left_out.length > 0 && (
        <p class="note">Not in the sums: {map.left_out.map((each) => `${each.symbol} (${each.reason})`).join(", ")}</p>
      )}
    </Panel>
  );
}

function noteOf(map: OptionMap): string {
  const { positions } = map.options;
  const spot = map.rows[0]?.underlying_price;
  const of = map.underlying ? ` on ${map.underlying} at ${number(spot)}` : " by underlying";
  return `${number(positions, 0)} option position${positions === 1 ? "" : "s"}${of}; USD`;
}

interface CellsProps {
  map: OptionMap;
  greek: Greek;
  side: Side;
}

function Cells({ map, greek, side }: CellsProps) {
  const { cell: chosen } = useAddress();
  const most = largest(map.cells.map((each) => each[side]?.[greek]));
  const found = new Map(map.cells.map((each) => [`${keyOf(each)} ${each.expiry}`, each]));
  const where = map.underlying ?? "the portfolio";
  const below = rowBelowSpot(map);
  return (
    <div class="scroll tall" tabIndex={0} role="region" aria-label="Greeks by expiry">
      <table class="heat map">
        <thead>
          <tr>
            <th scope="col">{map.underlying ? "Strike" : "Underlying"}</th>
            {map.expiries.map((each) => (
              <th key={each.expiry} scope="col" class="number">
                {each.expiry}
                <small>{each.days} d</small>
              </th>
            ))}
            <th scope="col" class="number sum">
              All
            </th>
          </tr>
        </thead>
        <tbody>
          {map.rows.map((row, place) => (
            <Fragment key={keyOf(row)}>
              {place === below && <SpotLine map={map} />}
              <tr>
                <th scope="row">
                  <RowName row={row} map={map} />
                </th>
                {map.expiries.map(({ expiry }) => {
                  const cell = found.get(`${keyOf(row)} ${expiry}`);
                  const id = `${keyOf(row)} ${expiry}`;
                  const value = cell?.[side]?.[greek];
                  return (
                    <Heat key={expiry} value={value} most={most} class={id === chosen ? "chosen" : ""}>
                      {cell && (
                        <Amount
                          sums={cell}
                          side={side}
                          greek={greek}
                          about={`${nameOf(row)} ${expiry}`}
                          onPick={() => go({ cell: id })}
                        />
                      )}
                    </Heat>
                  );
                })}
                <td class="number sum">
                  <Amount sums={row} side={side} greek={greek} about={`${nameOf(row)}, all expiries`} />
                </td>
              </tr>
            </Fragment>
          ))}
          {below === map.rows.length && <SpotLine map={map} />}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">All</th>
            {map.expiries.map((each) => (
              <td key={each.expiry} class="number">
                <Amount sums={each} side={side} greek={greek} about={`${where}, ${each.expiry}`} />
              </td>
            ))}
            <td class="number sum">
              <Amount sums={map.options} side={side} greek={greek} about={`the options of ${where}`} />
            </td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

const keyOf = (each: { underlying: string; strike: number | null }) =>
  each.strike === null ? each.underlying : String(each.strike);

const nameOf = (row: MapRow) => (row.strike === null ? row.underlying : `${row.underlying} ${number(row.strike)}`);

/** The row above which the price of the underlying lies; -1 where rows are underlyings. */
function rowBelowSpot(map: OptionMap): number {
  const spot = map.rows[0]?.underlying_price;
  if (!map.underlying || typeof spot !== "number") return -1;
  const place = map.rows.findIndex((row) => (row.strike ?? 0) < spot);
  return place < 0 ? map.rows.length : place;
}

function SpotLine({ map }: { map: OptionMap }) {
  return (
    <tr class="spot">
      <th scope="row">
        {number(map.rows[0]?.underlying_price)}
        <small>{map.underlying}</small>
      </th>
      <td colSpan={map.expiries.length + 1} />
    </tr>
  );
}

function RowName({ row, map }: { row: MapRow; map: OptionMap }) {
  if (map.underlying) return <>{number(row.strike)}</>;
  return (
    <button type="button" class="link" onClick={() => go({ underlying: row.underlying, cell: undefined })}>
      {row.underlying}
    </button>
  );
}

interface AmountProps {
  sums: SidesOfGreeks;
  side: Side;
  greek: Greek;
  about: string;
  onPick?: () => void;
}

/** The side's Greek; nothing where the side holds nothing. */
function Amount({ sums, side, greek, about, onPick }: AmountProps) {
  const found: DollarGreeks | null = sums[side];
  if (!found) return sums.positions_left_out ? <small>no Greeks</small> : null;
  const amount = money(found[greek], { plus: true });
  const part = (
    <Part measure={greek} about={`${about}, ${SIDES[side].toLowerCase()}`} amount={amount}>
      {money(found[greek], { plus: true, compact: true })}
    </Part>
  );
  return onPick ? <span onClickCapture={onPick}>{part}</span> : part;
}

/** What the options and the shares have of the Greek, each side by itself. */
function Totals({ map, greek }: { map: OptionMap; greek: Greek }) {
  const where = map.underlying ?? "the portfolio";
  const { long, short, net } = map.options;
  const parts: Array<[string, number | null | undefined, string]> = [
    ["Long options", long?.[greek], greek],
    ["Short options", short?.[greek], greek],
    ["Options", net?.[greek], greek],
    ...(greek === "dollar_delta" ? [["Shares", map.stock, "stock"] as [string, number | null, string]] : []),
    [`All of ${where}`, map.total?.[greek], greek],
  ];
  return (
    <dl class="facts line">
      {parts.map(([name, value, measure]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Part measure={measure} about={`${name}, ${where}`} amount={money(value, { plus: true })}>
              {money(value, { plus: true, whole: Math.abs(value ?? 0) >= 1000 })}
            </Part>
          </dd>
        </div>
      ))}
    </dl>
  );
}

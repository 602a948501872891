import type { OptionMap } from "../api/types";
import { fixed, instrument, money, number, percent, modelName, words } from "../format";
import { DataTable } from "../parts/DataTable";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { go, useAddress } from "../state/address";
import { useBook } from "../state/book";

const NUMERIC = ["Quantity", "Delta", "Gamma", "Theta, 1 day", "Vega, 1 point", "Volatility", "Quote, mid"];

/** The option positions of the map, or of one of its cells. */
export function OptionContracts({ map }: { map: OptionMap }) {
  const { report } = useBook();
  const { cell } = useAddress();
  const chosen = cell ? map.cells.find((each) => `${each.strike ?? each.underlying} ${each.expiry}` === cell) : undefined;
  const ids = new Set((chosen ? [chosen] : map.cells).flatMap((each) => each.position_ids));
  const shown = report.greeks.positions.filter((each) => ids.has(each.position_id));
  const noted = shown.some((each) => each.note);
  const rows = shown
    .toSorted((a, b) => (a.expiry ?? "").localeCompare(b.expiry ?? "") || (a.strike ?? 0) - (b.strike ?? 0))
    .map((each) => [
      instrument(each.contract),
      <Figure measure="quantity" position={each.position_id}>
        {number(each.quantity)}
      </Figure>,
      <Figure measure="delta" position={each.position_id}>
        {fixed(each.delta, 2)}
      </Figure>,
      <Figure measure="gamma" position={each.position_id}>
        {fixed(each.gamma, 2)}
      </Figure>,
      <Figure measure="theta" position={each.position_id}>
        {money(each.theta, { plus: true })}
      </Figure>,
      <Figure measure="vega" position={each.position_id}>
        {money(each.vega, { plus: true })}
      </Figure>,
      <Figure measure="volatility" position={each.position_id}>
        {percent(each.volatility)}
      </Figure>,
      <Figure measure="quote_mid" position={each.position_id}>
        {fixed(each.quote_mid, 2)}
      </Figure>,
      each.iv_source ? words(each.iv_source) : "–",
      each.model ? modelName(each.model) : (each.reason ?? "–"),
      ...(noted ? [each.note ?? ""] : []),
    ]);
  const of = chosen ? `${chosen.underlying} ${number(chosen.strike)} ${chosen.expiry}` : (map.underlying ?? "all underlyings");
  return (
    <Panel title="Contracts" wide note={`${number(rows.length, 0)}, ${of}`}>
      {chosen && (
        <p>
          <button type="button" class="pill" onClick={() => go({ cell: undefined })}>
            Show all ✕
          </button>
        </p>
      )}
      <DataTable
        label="Contracts"
        columns={[
          { name: "Contract" },
          ...NUMERIC.map((name) => ({ name, numeric: true })),
          { name: "Volatility from" },
          { name: "Model" },
          ...(noted ? [{ name: "Note" }] : []),
        ]}
        rows={rows}
      />
    </Panel>
  );
}

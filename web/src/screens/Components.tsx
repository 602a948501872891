import type { ComponentChildren } from "preact";

import { fixed, money, number, percent } from "../format";
import { DataTable } from "../parts/DataTable";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { useBook } from "../state/book";
import { Symbol } from "../parts/Symbol";

const MOST_ROWS = 200;

/** Each position's part of the smoothed VaR and shortfall; the last row is their sum. */
export function Components({ confidence, choice }: { confidence: number; choice: ComponentChildren }) {
  const { report } = useBook();
  const found = report.metrics.component_var.find((each) => each.confidence === confidence);
  const positions = (found?.positions ?? []).toSorted((a, b) => b.component_var - a.component_var);
  const rows = positions.slice(0, MOST_ROWS).map((each) => [
    <Symbol symbol={each.symbol} />,
    <Figure measure="component_var" position={each.position_id}>
      {money(each.component_var)}
    </Figure>,
    <Figure measure="share" position={each.position_id}>
      {percent(each.share)}
    </Figure>,
    <Figure measure="component_es" position={each.position_id}>
      {money(each.component_es)}
    </Figure>,
    <Figure measure="days" position={each.position_id}>
      {number(each.days, 0)}
    </Figure>,
  ]);
  const sums = [
    <strong>Together</strong>,
    <Figure measure="total_var" series={`var_${confidence}_1d_smoothed`}>
      <strong>{money(found?.total_var)}</strong>
    </Figure>,
    "",
    <Figure measure="total_es" series={`es_${confidence}_1d_smoothed`}>
      <strong>{money(found?.total_es)}</strong>
    </Figure>,
    "",
  ];
  const columns = ["Component VaR", "Share", "Component shortfall", "Days known"];
  return (
    <Panel title={`Components of VaR ${fixed(confidence, 0)} %`} note={noteOf(positions.length)}>
      {choice}
      {rows.length ? (
        <DataTable
          label={`Components of VaR ${confidence} %`}
          columns={[{ name: "Position" }, ...columns.map((name) => ({ name, numeric: true }))]}
          rows={[...rows, sums]}
        />
      ) : (
        <p class="empty">No position has enough past days for a part of VaR.</p>
      )}
    </Panel>
  );
}

function noteOf(all: number): string {
  const meaning = "parts of the smoothed VaR, which add up";
  return all > MOST_ROWS ? `${meaning}; the largest ${MOST_ROWS} of ${number(all, 0)}` : meaning;
}

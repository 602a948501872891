import type { ImpactFigures, LimitSide, MoneyChange } from "../api/types";
import { inUnit, money, number, percent, title, tone, words } from "../format";
import { DataTable } from "../parts/DataTable";
import { Panel } from "../parts/Panel";

const COLUMNS = [
  { name: "" },
  { name: "Before", numeric: true },
  { name: "After", numeric: true },
  { name: "Difference", numeric: true },
];

/** Every measure of the portfolio, of the draft, and what the trades change. */
export function ImpactTables({ impacts }: { impacts: ImpactFigures }) {
  const { nav, exposures, greeks } = impacts;
  const values: Array<[string, MoneyChange]> = [
    ["NAV", nav.nav],
    ["Cash", nav.cash],
    ["Market value", nav.market_value],
    ["Gross, delta-adjusted", exposures.delta_adjusted.gross],
    ["Net, delta-adjusted", exposures.delta_adjusted.net],
  ];
  const sensitivities = Object.entries(greeks).map(([name, change]) => [
    words(name),
    number(change.before),
    number(change.after),
    <span class={tone(change.difference)}>{number(change.difference, 2, true)}</span>,
  ]);
  return (
    <>
      <Panel title="Value and exposure">
        <DataTable label="Value and exposure" columns={COLUMNS} rows={[...values.map(ofMoney), ...sensitivities]} />
      </Panel>
      <Panel title="Risk" note="what changes">
        <DataTable
          label="Risk"
          columns={COLUMNS}
          rows={impacts.metrics
            .filter((each) => each.difference)
            .map((each) => [
              title(each.metric),
              inUnit(each.before, each.unit, { whole: true }),
              inUnit(each.after, each.unit, { whole: true }),
              inUnit(each.difference, each.unit, { plus: true, whole: true }),
            ])}
        />
      </Panel>
      <Panel title="Scenarios" note="correlated">
        <DataTable
          label="Scenarios"
          columns={COLUMNS}
          rows={impacts.scenarios
            .toSorted((a, b) => (a.correlated.before ?? 0) - (b.correlated.before ?? 0))
            .map((each) => ofMoney([each.name, each.correlated]))}
        />
      </Panel>
      <Panel title="Factors">
        <DataTable
          label="Factors"
          columns={COLUMNS}
          rows={impacts.factors.map((each) => ofMoney([each.name, each.dollar_exposure]))}
        />
      </Panel>
      {impacts.limits && impacts.limits.length > 0 && (
        <Panel title="Limits" wide>
          <DataTable
            label="Limits"
            columns={[{ name: "Limit" }, { name: "Before" }, { name: "After" }, { name: "Change" }]}
            rows={impacts.limits.map((each) => [
              each.name,
              side(each.before, each.unit),
              side(each.after, each.unit),
              each.change ? words(each.change) : "",
            ])}
          />
        </Panel>
      )}
    </>
  );
}

function ofMoney([name, change]: [string, MoneyChange]) {
  return [
    name,
    money(change.before, { whole: true }),
    money(change.after, { whole: true }),
    <span class={tone(change.difference)}>{money(change.difference, { plus: true, whole: true })}</span>,
  ];
}

function side(found: LimitSide | null, unit: string): string {
  if (!found) return "–";
  const value = unit === "share_of_nav" ? percent(found.value) : number(found.value);
  return `${words(found.state)}, ${value}${found.member ? ` (${found.member})` : ""}`;
}

import type { ComponentChildren } from "preact";

import type { FigureChange, ImpactFigures, MetricImpact, MoneyChange } from "../../api/types";
import { inUnit, money, number, words } from "../../format";
import { changeTone } from "../../measures";
import { DataTable, type Column } from "../../parts/DataTable";
import { Figure } from "../../parts/Figure";
import { Panel } from "../../parts/Panel";
import { Part } from "../../parts/Part";
import { go, useAddress } from "../../state/address";
import { Components, Correlations, Factors, MarketMoves, Parts, Rates, Scenarios } from "./MoreChanges";
import { LimitChanges } from "./LimitChanges";

interface Props {
  of: string;
  impacts: ImpactFigures;
  stale: boolean;
}

/** A measure before and after the trades. */
export interface Row {
  name: ComponentChildren;
  /** Its name in the definitions, and in the series where that is another. */
  measure: string;
  series?: string;
  unit: string;
  change: MoneyChange | FigureChange;
}

/** Every measure of the portfolio, of the draft, and what the trades change. */
export function Changes({ of, impacts, stale }: Props) {
  const { all } = useAddress();
  const everything = all === "1";
  const only = <T extends { difference: number | null }>(rows: T[]) =>
    everything ? rows : rows.filter((each) => each.difference !== 0);
  return (
    <>
      <div class="toolbar wide">
        <h2>Before and after</h2>
        <button
          type="button"
          class="pill"
          aria-pressed={!everything}
          onClick={() => go({ all: everything ? undefined : "1" })}
        >
          Only what changes
        </button>
        {stale && <span class="pill warn">of the draft before its last change</span>}
      </div>
      <Headlines of={of} impacts={impacts} />
      <LimitChanges limits={impacts.limits ?? []} />
      <Panel title="Value and exposure">
        <ChangeTable label="Value and exposure" of={of} rows={[...values(impacts), ...exposures(impacts)]} />
      </Panel>
      <Panel title="Greeks">
        <ChangeTable label="Greeks" of={of} rows={[...greeks(impacts), ...metrics(impacts, GREEKS)]} />
      </Panel>
      <Panel title="Risk" wide>
        <ChangeTable
          label="Risk"
          of={of}
          rows={metricRows(only(impacts.metrics.filter((each) => each.kind !== GREEKS)))}
        />
      </Panel>
      <Scenarios scenarios={impacts.scenarios} everything={everything} />
      <Factors factors={impacts.factors} />
      <Components components={impacts.component_risk} everything={everything} />
      <Rates rates={impacts.rates} />
      <MarketMoves moves={impacts.market_scenarios} />
      <Correlations found={impacts.correlations} />
      <Parts impacts={impacts} />
    </>
  );
}

const GREEKS = "dollar_greeks";

export const COLUMNS: Column[] = [
  { name: "" },
  { name: "Before", numeric: true, measure: "before" },
  { name: "After", numeric: true, measure: "after" },
  { name: "Difference", numeric: true },
];

/** A table whose numbers explain themselves: before by the portfolio's history, after by the draft's. */
export function ChangeTable({ label, of, rows }: { label: string; of: string; rows: Row[] }) {
  if (!rows.length) return <p class="empty">Nothing of it changes.</p>;
  return (
    <DataTable
      label={label}
      columns={COLUMNS}
      rows={rows.map(({ name, measure, series, unit, change }) => [
        name,
        <Figure measure={measure} series={series}>
          {inUnit(change.before, unit, { whole: true })}
        </Figure>,
        <Figure measure={measure} series={series} of={of}>
          {inUnit(change.after, unit, { whole: true })}
        </Figure>,
        <Difference measure={measure} value={change.difference} unit={unit} about={typeof name === "string" ? name : undefined} />,
      ])}
    />
  );
}

/** What sums of decimals leave, and what four digits would show as none. */
const DUST = 1e-9;
const SMALL = 1e-4;
const SMALL_DIGITS = 8;

interface DifferenceProps {
  /** Of which it is the difference. */
  measure: string;
  value: number | null;
  unit: string;
  about?: string | undefined;
}

export function Difference({ measure, value, unit, about = "What the trades change" }: DifferenceProps) {
  if (value !== null && Math.abs(value) < DUST) return <span class="same">no change</span>;
  const tone = changeTone(measure, value);
  if (unit !== "USD" && value !== null && Math.abs(value) < SMALL) {
    return <Part measure="difference" about={about} amount={number(value, SMALL_DIGITS, true)} tone={tone} />;
  }
  // Cents are shown where they are all there is: a difference of 28 cents is not "$0".
  const whole = value === null || Math.abs(value) >= 1;
  return <Part measure="difference" about={about} amount={inUnit(value, unit, { plus: true, whole })} tone={tone} />;
}

const VALUES: Record<keyof ImpactFigures["nav"], string> = {
  nav: "NAV",
  cash: "Cash",
  market_value: "Market value",
  unrealised_pnl: "Unrealised P&L",
  daily_pnl: "Daily P&L",
  fees: "Fees",
};
const MEASURES: Record<keyof ImpactFigures["exposures"], string> = {
  delta_adjusted: "delta-adjusted",
  notional: "notional",
  dollar: "market value",
};

function values({ nav }: ImpactFigures): Row[] {
  return (Object.keys(VALUES) as Array<keyof typeof VALUES>).map((name) => ({
    name: VALUES[name],
    measure: name,
    unit: "USD",
    change: nav[name],
  }));
}

function exposures(impacts: ImpactFigures): Row[] {
  return (Object.keys(MEASURES) as Array<keyof typeof MEASURES>).flatMap((measure) =>
    (["gross", "net", "long", "short"] as const).map((side) => ({
      name: `${words(side)}, ${MEASURES[measure]}`,
      measure: side,
      series: `exposure.${measure}.${side}`,
      unit: "USD",
      change: impacts.exposures[measure][side],
    })),
  );
}

function greeks(impacts: ImpactFigures): Row[] {
  return Object.entries(impacts.greeks).map(([name, change]) => ({
    name: words(name),
    measure: name,
    unit: "number",
    change,
  }));
}

function metrics(impacts: ImpactFigures, kind: string): Row[] {
  return metricRows(impacts.metrics.filter((each) => each.kind === kind));
}

function metricRows(found: MetricImpact[]): Row[] {
  return found.map((each) => ({
    name: each.reason ? <span title={each.reason}>{each.title}</span> : each.title,
    measure: each.metric,
    unit: each.unit,
    change: each,
  }));
}

const HEADLINES = ["beta", "var_99_1d_historical", "es_99_1d_historical", "dollar_vega_1pt", "dollar_theta_1d"];

/** What one looks at first, large. */
function Headlines({ of, impacts }: { of: string; impacts: ImpactFigures }) {
  const rows: Row[] = [
    ...values(impacts).filter((each) => each.measure === "nav" || each.measure === "cash"),
    ...exposures(impacts).filter((each) => /exposure\.delta_adjusted\.(gross|net)/.test(each.series ?? "")),
    ...HEADLINES.flatMap((name) => metricRows(impacts.metrics.filter((each) => each.metric === name))),
  ];
  return (
    <dl class="panel wide headlines" aria-label="What changes most looked at">
      {rows.map((row) => (
        <div key={row.series ?? row.measure}>
          <dt>{row.name}</dt>
          <dd>
            <Figure measure={row.measure} series={row.series} of={of}>
              {inUnit(row.change.after, row.unit, { whole: true })}
            </Figure>
          </dd>
          <dd class="was">
            {row.change.difference === 0 ? (
              "no change"
            ) : (
              <>
                <Difference measure={row.measure} value={row.change.difference} unit={row.unit} /> from{" "}
                {inUnit(row.change.before, row.unit, { whole: true })}
              </>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function moneyCells(measure: string, change: MoneyChange): ComponentChildren[] {
  return [
    money(change.before, { whole: true }),
    money(change.after, { whole: true }),
    <Difference measure={measure} value={change.difference} unit="USD" />,
  ];
}

export function numberCells(measure: string, change: FigureChange, digits = 4): ComponentChildren[] {
  return [
    number(change.before, digits),
    number(change.after, digits),
    <Part
      measure="difference"
      about="What the trades change"
      amount={number(change.difference, digits, true)}
      tone={changeTone(measure, change.difference)}
    />,
  ];
}

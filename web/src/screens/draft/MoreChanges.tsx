import type {
  ComponentImpact,
  CorrelationImpact,
  FactorImpact,
  ImpactFigures,
  MarketScenarioImpact,
  RateImpact,
  ScenarioImpact,
  TradePart,
} from "../../api/types";
import { instrument, money, number, shock, words } from "../../format";
import { levelTone } from "../../measures";
import { DataTable, type Column } from "../../parts/DataTable";
import { Panel } from "../../parts/Panel";
import { Part } from "../../parts/Part";
import { COLUMNS, moneyCells, numberCells } from "./Changes";

/** Columns of a second figure next to the first. */
function beside(first: string, second: string, about: string): Column[] {
  return [
    { name: about },
    ...["before", "after", "difference"].map((each) => ({ name: `${first}, ${each}`, numeric: true, measure: each })),
    ...["before", "after", "difference"].map((each) => ({ name: `${second}, ${each}`, numeric: true, measure: each })),
  ];
}

export function Scenarios({ scenarios, everything }: { scenarios: ScenarioImpact[]; everything: boolean }) {
  const rows = scenarios
    .filter((each) => everything || each.correlated.difference !== 0 || each.direct.difference !== 0)
    .toSorted((a, b) => (a.correlated.after ?? 0) - (b.correlated.after ?? 0))
    .map((each) => [each.name, ...moneyCells("total_pnl", each.correlated), ...moneyCells("total_pnl", each.direct)]);
  return (
    <Panel title="Scenarios" wide note="the worst after the trades first; correlated: other factors follow">
      {rows.length ? (
        <DataTable label="Scenarios" columns={beside("Correlated", "Direct", "Scenario")} rows={rows} />
      ) : (
        <p class="empty">No scenario changes.</p>
      )}
    </Panel>
  );
}

export function Factors({ factors }: { factors: FactorImpact[] }) {
  return (
    <Panel title="Factors" wide>
      <DataTable
        label="Factors"
        columns={beside("Exposure", "Beta", "Factor")}
        rows={factors.map((each) => [each.name, ...moneyCells("dollar_exposure", each.dollar_exposure), ...numberCells("beta", each.beta)])}
      />
    </Panel>
  );
}

export function Components({ components, everything }: { components: ComponentImpact[]; everything: boolean }) {
  const rows = components
    .filter((each) => everything || each.component_var.difference !== 0 || each.component_es.difference !== 0)
    .map((each) => [
      `${instrument(each.symbol)}, ${each.confidence} %`,
      ...moneyCells("component_var", each.component_var),
      ...moneyCells("component_es", each.component_es),
    ]);
  return (
    <Panel title="Parts of VaR by symbol" wide note="the largest change first">
      {rows.length ? (
        <DataTable label="Parts of VaR by symbol" columns={beside("VaR", "Shortfall", "Symbol")} rows={rows} />
      ) : (
        <p class="empty">No part changes.</p>
      )}
    </Panel>
  );
}

export function Rates({ rates }: { rates: RateImpact[] }) {
  return (
    <Panel title="Interest rates" note="USD per basis point of a Treasury yield">
      {rates.length ? (
        <DataTable
          label="Interest rates"
          columns={COLUMNS}
          rows={rates.map((each) => [each.maturity, ...moneyCells("dollars_per_basis_point", each.dollars_per_basis_point)])}
        />
      ) : (
        <p class="empty">No sensitivity to yields is measured.</p>
      )}
    </Panel>
  );
}

const BASIS_POINT = 10_000;
const MOVES: Record<string, (shock: number) => string> = {
  market: (move) => `Market ${shock(move)}`,
  rates: (move) => `Yields ${number(move * BASIS_POINT, 0, true)} bp`,
};

export function MarketMoves({ moves }: { moves: MarketScenarioImpact[] }) {
  return (
    <Panel title="Plain moves" note="of the market, and of yields">
      {moves.length ? (
        <DataTable
          label="Plain moves"
          columns={COLUMNS}
          rows={moves.map((each) => [
            MOVES[each.kind]?.(each.shock) ?? `${words(each.kind)} ${number(each.shock, 4, true)}`,
            ...moneyCells("pnl", each.pnl),
          ])}
        />
      ) : (
        <p class="empty">No plain move is measured.</p>
      )}
    </Panel>
  );
}

export function Correlations({ found }: { found: CorrelationImpact }) {
  const clusters = (list: CorrelationImpact["clusters_before"]) =>
    list.length ? list.map((each) => `${each.name}: ${each.symbols.join(", ")}`).join("; ") : "none";
  return (
    <Panel title="Correlations" wide note={found.reason ?? undefined}>
      <DataTable
        label="Correlations"
        columns={COLUMNS}
        rows={[
          ["Overall correlation", ...numberCells("overall_correlation", found.overall_correlation)],
          ["Concentration", ...numberCells("concentration", found.concentration)],
          ["Effective positions", ...numberCells("effective_positions", found.effective_positions, 2)],
        ]}
      />
      <p class="note">Clusters before: {clusters(found.clusters_before)}</p>
      <p class="note">Clusters after: {clusters(found.clusters_after)}</p>
    </Panel>
  );
}

/** The measures that add up, by trade: together they are the difference. */
export function Parts({ impacts }: { impacts: ImpactFigures }) {
  const trades = impacts.trades;
  if (!trades.length) return null;
  const named = (name: string, measure: string, of: (trade: TradePart) => number | null | undefined) => [
    name,
    ...trades.map((trade) => {
      const value = of(trade);
      const amount = money(value, { plus: true, whole: true });
      return <Part measure={measure} about={`${name}, trade ${trade.place}`} amount={amount} tone={levelTone(measure, value)} />;
    }),
  ];
  const keys = (of: (trade: TradePart) => Record<string, number | null>) => [
    ...new Set(trades.flatMap((trade) => Object.keys(of(trade)))),
  ];
  const factors = new Map(impacts.factors.map((each) => [each.factor, each.name]));
  const scenarios = new Map(impacts.scenarios.map((each) => [each.scenario_id, each.name]));
  const greeks = ["delta", "gamma", "theta", "vega", "rho"] as const;
  const rows = [
    named("Market value", "market_value", (each) => each.market_value),
    named("Notional exposure, net", "notional_exposure", (each) => each.notional_exposure),
    named("Delta-adjusted exposure, net", "delta_adjusted_exposure", (each) => each.delta_adjusted_exposure),
    ...greeks.map((name) => [
      words(name),
      ...trades.map((each) => (
        <Part measure={name} about={`trade ${each.place}`} amount={number(each.greeks[name], 2, true)} />
      )),
    ]),
    ...keys((each) => each.factors).map((id) =>
      named(`Factor: ${factors.get(id) ?? id}`, "dollar_exposure", (each) => each.factors[id]),
    ),
    ...keys((each) => each.scenarios_correlated).map((id) =>
      named(`Scenario: ${scenarios.get(id) ?? id}`, "total_pnl", (each) => each.scenarios_correlated[id]),
    ),
  ];
  return (
    <Panel title="What each trade adds" wide note="its parts add up to the differences above">
      <DataTable
        label="What each trade adds"
        columns={[
          { name: "" },
          ...trades.map((each) => ({ name: `${each.place}. ${words(each.action)}`, numeric: true })),
        ]}
        rows={rows}
      />
    </Panel>
  );
}

import { useCallback } from "preact/hooks";

import { evaluateCurve, evaluateGrid } from "../api/client";
import type { CurveOnDate, CurveReport, GridReport, PortfolioReport } from "../api/types";
import { fixed, instrument, money, number, percent, shock, words } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { DataTable } from "../parts/DataTable";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { dollars, tooltip } from "../parts/options";
import { go, useAddress } from "../state/address";
import { useBook } from "../state/book";
import { useLoaded } from "../state/loading";

const LINES = {
  pnl: "P&L",
  dollar_delta: "Dollar delta",
  dollar_gamma_1pct: "Gamma, 1 %",
  dollar_theta_1d: "Theta, 1 day",
  dollar_vega_1pt: "Vega, 1 point",
} as const;
type Line = keyof typeof LINES;
const VOLATILITIES = [-0.25, 0, 0.25, 0.5];
const WHOLE = "the whole portfolio";

/** All positions, or those of one underlying, repriced by the API at other spots, volatilities and dates. */
export function Options() {
  const { report, asOf, version } = useBook();
  const { underlying, line, volatility } = useAddress();
  const shown: Line = isLine(line) ? line : "pnl";
  const shift = Number(volatility ?? 0) || 0;
  const about = {
    portfolio_id: report.portfolio.portfolio_id,
    as_of: asOf ?? null,
    underlying: underlying ?? null,
  };
  const key = `${about.portfolio_id} ${asOf} ${version} ${underlying}`;
  const grid = useLoaded<GridReport>(key, () => evaluateGrid(about));
  const curve = useLoaded<CurveReport>(`${key} ${shift}`, () =>
    evaluateCurve({ ...about, volatility_shock: shift }),
  );
  return (
    <div class="grid">
      <div class="toolbar wide">
        <Choice
          name="Of"
          value={underlying ?? ""}
          choices={[["", WHOLE], ...withOptions(report).map((each): [string, string] => [each, each])]}
          onChoose={(value) => go({ underlying: value })}
        />
        <Choice
          name="Curve of"
          value={shown}
          choices={Object.entries(LINES)}
          onChoose={(value) => go({ line: value === "pnl" ? undefined : value })}
        />
        <Choice
          name="Volatility"
          value={String(shift)}
          choices={VOLATILITIES.map((each) => [String(each), each ? shock(each) : "as it is"])}
          onChoose={(value) => go({ volatility: value === "0" ? undefined : value })}
        />
      </div>
      {(grid.problem ?? curve.problem) && <p role="alert">{grid.problem ?? curve.problem}</p>}
      {curve.value ? <Curve curve={curve.value} line={shown} /> : <Waiting title="Curve" loading={curve.loading} />}
      {grid.value ? <HeatMap grid={grid.value} /> : <Waiting title="Spot and volatility" loading={grid.loading} />}
      <Contracts report={report} underlying={underlying} />
    </div>
  );
}

function isLine(line: string | undefined): line is Line {
  return line !== undefined && line in LINES;
}

function withOptions(report: PortfolioReport): string[] {
  const named = report.positions.filter((each) => each.strike !== null).map((each) => each.underlying);
  return [...new Set(named)].sort();
}

interface ChoiceProps {
  name: string;
  value: string;
  choices: Array<[string, string]>;
  onChoose: (value: string) => void;
}

function Choice({ name, value, choices, onChoose }: ChoiceProps) {
  return (
    <label>
      {name}{" "}
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {choices.map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function Waiting({ title, loading }: { title: string; loading: boolean }) {
  return (
    <Panel title={title}>
      <p class="empty">{loading ? "Loading …" : "There is nothing to show."}</p>
    </Panel>
  );
}

function moved(report: { underlying: string | null; spot_mode: string }): string {
  if (report.underlying) return report.underlying;
  return report.spot_mode === "beta_weighted" ? "SPY, each name by its beta" : "all names alike";
}

function ahead(date: { days_forward: number; until: string }): string {
  return date.days_forward ? `in ${date.days_forward} days` : date.until;
}

function Curve({ curve, line }: { curve: CurveReport; line: Line }) {
  const draw = useCallback((own: Colours) => lines(own, curve, line), [curve, line]);
  const columns = [{ name: "Spot" }, ...curve.dates.map((each) => ({ name: ahead(each), numeric: true }))];
  const rows = curve.spots.map((spot, place) => [
    shock(spot) || "0%",
    ...curve.dates.map((each) => money(each[line][place], { plus: true })),
  ]);
  return (
    <Panel title={`${LINES[line]} by spot`} note={`of ${moved(curve)}`} table={{ columns, rows }}>
      <Chart label={`${LINES[line]} by move of spot on several dates`} height={340} draw={draw} />
      <BreakEvens dates={curve.dates} />
    </Panel>
  );
}

/** Where P&L is zero; that it is zero where nothing moved and no time passed goes without saying. */
function BreakEvens({ dates }: { dates: CurveOnDate[] }) {
  const known = dates
    .map((each) => ({ ...each, moves: each.break_evens.map(shock).filter((move) => move !== "0%") }))
    .filter((each) => each.moves.length);
  if (!known.length) return null;
  const texts = known.map((each) => `${each.days_forward ? "" : "on "}${ahead(each)} at ${each.moves.join(", ")}`);
  return <p class="note">P&L is zero {texts.join("; ")}</p>;
}

function lines(own: Colours, curve: CurveReport, line: Line) {
  const styles = ["solid", "dashed", "dotted"] as const;
  return {
    tooltip: {
      ...tooltip(own, "axis"),
      formatter: (points: Array<{ dataIndex: number }>) => {
        const place = points[0]?.dataIndex ?? 0;
        const texts = curve.dates.map((each) => `${ahead(each)}: ${money(each[line][place], { plus: true })}`);
        return [`spot ${shock(curve.spots[place] ?? 0)}`, ...texts].join("\n");
      },
    },
    legend: { data: curve.dates.map(ahead), itemStyle: { opacity: 0 }, textStyle: { color: own.dim }, top: 0, right: 0 },
    grid: { left: 72, right: 16, top: 32, bottom: 28 },
    xAxis: {
      type: "value" as const,
      min: curve.spots[0],
      max: curve.spots.at(-1),
      axisLabel: { color: own.dim, formatter: (value: number) => shock(value) },
      splitLine: { show: false },
      axisLine: { lineStyle: { color: own.line } },
    },
    yAxis: { ...dollars(own), scale: line !== "pnl" },
    series: curve.dates.map((each, place) => ({
      type: "line" as const,
      name: ahead(each),
      showSymbol: false,
      lineStyle: { color: own.accent, width: place ? 1.5 : 2.5, type: styles[place % styles.length] },
      itemStyle: { color: own.accent },
      data: curve.spots.map((spot, number) => [spot, each[line][number]]),
    })),
  };
}

/** P&L by spot and volatility on one date; the colour repeats what the number says. */
function HeatMap({ grid }: { grid: GridReport }) {
  const { days } = useAddress();
  const place = Math.max(
    grid.dates.findIndex((each) => String(each.days_forward) === days),
    0,
  );
  const cells = grid.pnl[place] ?? [];
  const most = Math.max(...cells.flat().map(Math.abs), 1e-9);
  const inThousands = most >= 10_000; // so that every column fits beside the curve
  return (
    <Panel title="P&L by spot and volatility" note={`of ${moved(grid)}${inThousands ? "; thousand USD" : ""}`}>
      <div class="choice" role="group" aria-label="Date">
        {grid.dates.map((each, number) => (
          <button
            key={each.days_forward}
            type="button"
            aria-pressed={number === place}
            onClick={() => go({ days: String(each.days_forward) })}
          >
            {ahead(each)}
          </button>
        ))}
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="P&L by spot and volatility">
        <table class="heat">
          <thead>
            <tr>
              <th scope="col">Spot \ volatility</th>
              {grid.volatilities.map((each) => (
                <th key={each} scope="col" class="number">
                  {each ? shock(each) : "as it is"}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {grid.spots.map((spot, row) => (
              <tr key={spot}>
                <th scope="row">{spot ? shock(spot) : "as it is"}</th>
                {cells.map((line, column) => (
                  <Heat key={column} pnl={line[row] ?? 0} most={most} inThousands={inThousands} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Heat({ pnl, most, inThousands }: { pnl: number; most: number; inThousands: boolean }) {
  const strength = Math.round(48 * Math.sqrt(Math.abs(pnl) / most));
  const colour = pnl < 0 ? "var(--loss)" : "var(--gain)";
  const style = { background: `color-mix(in srgb, ${colour} ${strength}%, var(--panel))` };
  return (
    <td class="number" style={style} title={money(pnl, { plus: true })}>
      {inThousands ? fixed(pnl / 1000, 1, true) : money(pnl, { plus: true, whole: true })}
    </td>
  );
}

function Contracts({ report, underlying }: { report: PortfolioReport; underlying: string | undefined }) {
  const { positions } = report.greeks;
  const shown = positions.filter((each) => !underlying || each.underlying === underlying);
  const rows = shown
    .toSorted((a, b) => (a.expiry ?? "").localeCompare(b.expiry ?? "") || (a.strike ?? 0) - (b.strike ?? 0))
    .map((each) => [
      <span title={each.reason ?? each.note ?? undefined}>{instrument(each.contract)}</span>,
      number(each.quantity),
      fixed(each.delta, 2),
      fixed(each.gamma, 2),
      money(each.theta, { plus: true }),
      money(each.vega, { plus: true }),
      <Figure measure="volatility" position={each.position_id}>
        {percent(each.volatility)}
      </Figure>,
      each.iv_source ? words(each.iv_source) : "–",
      each.model ? words(each.model) : (each.reason ?? "–"),
    ]);
  const numeric = ["Quantity", "Delta", "Gamma", "Theta, 1 day", "Vega, 1 point", "Volatility"];
  return (
    <Panel title="Contracts" wide note={underlying ?? `${shown.length} of all underlyings`}>
      {rows.length ? (
        <DataTable
          label="Contracts"
          columns={[
            { name: "Contract" },
            ...numeric.map((name) => ({ name, numeric: true })),
            { name: "Source" },
            { name: "Model" },
          ]}
          rows={rows}
        />
      ) : (
        <p class="empty">The portfolio holds no options{underlying ? ` on ${underlying}` : ""}.</p>
      )}
    </Panel>
  );
}

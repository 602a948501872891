import type { MappedScenario, PortfolioScenarios, ScenarioMap as Mapped } from "../api/types";
import { money, percent, words } from "../format";
import { Choice } from "../parts/Choice";
import { Figure } from "../parts/Figure";
import { Heat, largest } from "../parts/Heat";
import { Panel } from "../parts/Panel";
import { Part } from "../parts/Part";
import { go, useAddress } from "../state/address";
import { useBook } from "../state/book";

const METHODS = { correlated: "Others follow (headline)", direct: "Only these move" } as const;
type Method = keyof typeof METHODS;
const UNITS = { usd: "USD", nav: "% of NAV" } as const;

interface Props {
  map: Mapped | null;
  loading: boolean;
  problem: string | null;
  chosen: string | undefined;
}

/** Every portfolio in every scenario, and all of them together. */
export function ScenarioMap({ map, loading, problem, chosen }: Props) {
  const { method: wanted, unit } = useAddress();
  const method: Method = wanted === "direct" ? "direct" : "correlated";
  const share = unit === "nav" && method === "correlated";
  const held = map?.portfolios.length ?? 0;
  return (
    <Panel title="Portfolios by scenario" wide note={map ? noteOf(map) : undefined}>
      {problem && <p role="alert">{problem}</p>}
      {!map && loading && <p class="empty">Loading …</p>}
      {map && (
        <>
          <div class="toolbar">
            <Choice
              label="Method"
              choices={Object.entries(METHODS)}
              chosen={method}
              onChoose={(id) => go({ method: id === "direct" ? id : undefined })}
            />
            {method === "correlated" && (
              <Choice
                label="Unit"
                choices={Object.entries(UNITS)}
                chosen={share ? "nav" : "usd"}
                onChoose={(id) => go({ unit: id === "nav" ? id : undefined })}
              />
            )}
          </div>
          <Cells map={map} method={method} share={share} chosen={chosen} />
          {map.left_out.length > 0 && held > 1 && (
            <p class="note">
              Not in the sums: {map.left_out.map((each) => `${each.name} (${each.reason})`).join("; ")}
            </p>
          )}
        </>
      )}
    </Panel>
  );
}

function noteOf(map: Mapped): string {
  const count = map.portfolios.length;
  return `${count} portfolio${count === 1 ? "" : "s"}, ${map.scenarios.length} scenarios${map.as_of ? `, ${map.as_of}` : ""}`;
}

interface CellsProps {
  map: Mapped;
  method: Method;
  share: boolean;
  chosen: string | undefined;
}

function Cells({ map, method, share, chosen }: CellsProps) {
  const { portfolio } = useBook();
  const value = (each: { direct: number | null; correlated: number | null; share_of_nav: number | null }) =>
    share ? each.share_of_nav : each[method];
  const text = (amount: number | null) =>
    share ? percent(amount, true) : money(amount, { plus: true, compact: true });
  const several = map.portfolios.length > 1; // the sum of one is that one
  const most = largest(map.portfolios.flatMap((each) => each.cells.map(value)));
  const mostOfAll = largest(map.scenarios.map(value));
  return (
    <div class="scroll tall" tabIndex={0} role="region" aria-label="Portfolios by scenario">
      <table class="heat map">
        <thead>
          <tr>
            <th scope="col">Scenario</th>
            <th scope="col">Severity</th>
            {several && (
              <th scope="col" class="number sum">
                All portfolios
              </th>
            )}
            {map.portfolios.map((each) => (
              <th key={each.portfolio_id} scope="col" class="number">
                <PortfolioName of={each} current={each.portfolio_id === portfolio.portfolio_id} day={map.as_of} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {map.scenarios.map((scenario, place) => (
            <tr key={scenario.scenario_id}>
              <th scope="row">
                <ScenarioName scenario={scenario} chosen={scenario.scenario_id === chosen} />
              </th>
              <td>{words(scenario.severity)}</td>
              {several && (
                <Heat value={value(scenario)} most={mostOfAll} class="sum">
                  {value(scenario) === null ? (
                    "–"
                  ) : (
                    <Part
                      measure={share ? "share_of_nav" : method}
                      about={`${scenario.name}, ${scenario.portfolios} portfolios`}
                      amount={share ? percent(scenario.share_of_nav, true) : money(scenario[method], { plus: true })}
                    >
                      {text(value(scenario))}
                    </Part>
                  )}
                </Heat>
              )}
              {map.portfolios.map((each) => {
                const cell = each.cells[place];
                const amount = cell ? value(cell) : null;
                return (
                  <Heat key={each.portfolio_id} value={amount} most={most}>
                    {cell && amount !== null ? (
                      <Cell
                        own={each.portfolio_id === portfolio.portfolio_id && !share}
                        scenario={scenario}
                        method={method}
                        about={`${each.name}, ${scenario.name}`}
                        measure={share ? "share_of_nav" : method}
                        full={share ? percent(amount, true) : money(amount, { plus: true })}
                      >
                        {text(amount)}
                      </Cell>
                    ) : (
                      "–"
                    )}
                  </Heat>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  /** Of the portfolio that is open: its history is known. */
  own: boolean;
  scenario: MappedScenario;
  method: Method;
  about: string;
  measure: string;
  full: string;
  children: string;
}

function Cell({ own, scenario, method, about, measure, full, children }: CellProps) {
  if (!own) return <Part measure={measure} about={about} amount={full} children={children} />;
  return (
    <Figure measure="total_pnl" series={`scenario.${scenario.scenario_id}.${method}`}>
      {children}
    </Figure>
  );
}

function PortfolioName({ of, current, day }: { of: PortfolioScenarios; current: boolean; day: string | null }) {
  return (
    <>
      <button
        type="button"
        class="link"
        aria-current={current ? "true" : undefined}
        onClick={() => go({ portfolio: of.portfolio_id })}
      >
        {of.name}
      </button>
      {of.as_of !== day && <small>{of.as_of ?? "not evaluated"}</small>}
    </>
  );
}

function ScenarioName({ scenario, chosen }: { scenario: MappedScenario; chosen: boolean }) {
  return (
    <>
      <button
        type="button"
        class="link"
        title={scenario.description ?? undefined}
        aria-current={chosen ? "true" : undefined}
        onClick={() => go({ scenario: scenario.scenario_id })}
      >
        {scenario.name}
      </button>
      {scenario.custom && <small> custom{scenario.portfolios ? "" : ", evaluated from the next run on"}</small>}
    </>
  );
}

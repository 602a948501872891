import { addressOf } from "../api/client";
import type { LeftOut, PortfolioReport, Reads } from "../api/types";
import { inUnit, modelName, moment, money, percent, words } from "../format";
import { metric } from "../state/book";

/** What the address says of the number that was clicked. */
export interface Asked {
  measure: string;
  series: string | undefined;
  position: string | undefined;
  /** A group of positions, a lot: what else than the portfolio or a position it may be of. */
  of: string | undefined;
}

export type Held = PortfolioReport["positions"][number];
export type Fact = [name: string, text: string];

export function valueOf(held: object | undefined, name: string): number | null {
  const value: unknown = held ? (held as Record<string, unknown>)[name] : null;
  return typeof value === "number" ? value : null;
}

export function heldBy(report: PortfolioReport, position: string | undefined): Held | undefined {
  return report.positions.find((each) => each.position_id === position);
}

/** The figure as the report has it, where no series has it. */
export function reported(report: PortfolioReport, { measure, series, position, of }: Asked): number | null {
  if (of) return null;
  if (position) {
    const held = heldBy(report, position);
    const part = componentOf(report, position);
    return valueOf(held, measure) ?? valueOf(part, measure);
  }
  if (series?.startsWith("attribution.")) return attributed(report, series.slice("attribution.".length));
  if (measure === "others") return report.pnl_by_position.others;
  return (
    metric(report, measure)?.value ?? valueOf(report.history.at(-1), measure) ?? valueOf(report.snapshot ?? {}, measure)
  );
}

function attributed(report: PortfolioReport, part: string): number | null {
  const factor = report.attribution.factors.find((each) => each.factor === part);
  return factor ? factor.pnl : valueOf(report.attribution, part);
}

function componentOf(report: PortfolioReport, position: string) {
  const parts = report.metrics.component_var.find((each) => each.confidence === 95);
  return parts?.positions.find((each) => each.position_id === position);
}

/** Values of the last sessions that the report itself holds. */
export function reportedHistory(report: PortfolioReport, measure: string): Array<number | null> | null {
  const values = report.history.map((point) => valueOf(point, measure));
  return values.some((value) => value !== null) ? values : null;
}

/** The positions that the figure does not contain, by the part of the report that it is of. */
export function exclusions(report: PortfolioReport, { measure, series }: Asked): LeftOut[] {
  if (series?.startsWith("scenario.")) return report.stress.left_out;
  if (series?.startsWith("attribution.") || /beta|market_exposure/.test(measure)) return report.factors.left_out;
  if (/^(dollar_|delta|gamma|theta|vega|rho)/.test(measure)) return report.greeks.left_out;
  if (/^(var|es|component)_/.test(measure)) return report.metrics.left_out;
  return report.left_out;
}

/** How the figure came to be: data, window, coverage, model, run. */
export function originOf(report: PortfolioReport, asked: Asked): Fact[] {
  const held = heldBy(report, asked.position);
  return [
    ["As of", report.as_of ?? "–"],
    ...ofMetric(report, asked),
    ...ofExposure(report, asked),
    ...ofScenario(report, asked),
    ...ofAttribution(report, asked),
    ...(held ? ofPosition(report, held, asked.measure) : []),
    ...sources(report),
    ...revision(report),
  ];
}

function ofMetric(report: PortfolioReport, { measure, position, of }: Asked): Fact[] {
  const found = (position ?? of) ? undefined : metric(report, measure);
  const facts: Fact[] = [];
  if (found?.share_of_nav != null) facts.push(["Of NAV", percent(found.share_of_nav)]);
  if (found?.first_day) facts.push(["Window", `${found.first_day} to ${found.last_day}, ${found.observations} days`]);
  else if (found?.observations != null) facts.push(["Observations", String(found.observations)]);
  const coverage = found ? found.coverage : report.coverage?.prices;
  if (coverage != null) facts.push(["Coverage", inUnit(coverage, "share")]);
  if (found?.reason) facts.push(["Missing", found.reason]);
  return facts;
}

function ofExposure(report: PortfolioReport, { series }: Asked): Fact[] {
  const [kind, measure, side] = series?.split(".") ?? [];
  if (kind !== "exposure" || !measure || !side) return [];
  const shares = report.snapshot?.exposures_of_nav as Record<string, Record<string, number | null>> | null | undefined;
  return [
    ["Measure", `${words(measure)} exposure`],
    ["Of NAV", percent(shares?.[measure]?.[side], true)],
  ];
}

function ofScenario(report: PortfolioReport, { series }: Asked): Fact[] {
  const [kind, id, method] = series?.split(".") ?? [];
  const scenario = kind === "scenario" ? report.stress.scenarios.find((each) => each.scenario_id === id) : undefined;
  const headline = scenario?.correlated ? "correlated" : "direct";
  const shown = method === "direct" || method === "correlated" ? method : headline;
  const result = scenario?.[shown];
  if (!scenario || !result) return [];
  const basis = report.stress.correlated_by;
  const facts: Fact[] = [
    ["Scenario", `${scenario.name}, ${scenario.severity}`],
    ["Model", shown === "correlated" ? "correlated: the other factors follow" : "direct: only what is shocked moves"],
    ["Headline", shown === headline ? "yes: the P&L to quote" : `no: quote the ${headline} P&L`],
    ["Of NAV", percent(result.share_of_nav, true)],
    ["Moves", result.headline === "measured" ? "as measured in the scenario's window" : "as the scenario specifies"],
  ];
  if (shown === "correlated" && basis) {
    facts.push(["Covariance", `${basis.matrix}, ${basis.observations} days, prices of run ${basis.price_run}`]);
  }
  if (result.plausibility != null) facts.push(["Plausibility", `${result.plausibility.toFixed(1)} yearly deviations`]);
  if (result.loss_exceeds_nav) facts.push(["Note", "the loss is larger than the NAV"]);
  return facts;
}

function ofAttribution(report: PortfolioReport, { series }: Asked): Fact[] {
  const factor = report.attribution.factors.find((each) => series === `attribution.${each.factor}`);
  if (!factor) return [];
  const facts: Fact[] = [["Factor", `${factor.name}`]];
  if (factor.share_of_total !== null) facts.push(["Of the P&L", percent(factor.share_of_total)]);
  return facts;
}

/** What the parts of the VaR add up to, beside the figure that they do not add up to. */
function sumOfParts(report: PortfolioReport, measure: string): Fact[] {
  const parts = report.metrics.component_var.find((each) => each.confidence === 95);
  const [of, total, plain] =
    measure === "component_es" ? ["ES 95 %", parts?.total_es, parts?.plain_total_es] : ["VaR 95 %", parts?.total_var, parts?.plain_total_var];
  if (!/^component_(var|es)$/.test(measure) || total == null) return [];
  return [
    ["Parts add up to", `${money(total)}, the smoothed ${of}`],
    ["Not to", `${money(plain)}, the historical ${of}`],
  ];
}

function ofPosition(report: PortfolioReport, held: Held, measure: string): Fact[] {
  const part = componentOf(report, held.position_id);
  const known: Array<[string, string | null | undefined]> = [
    ["Price", held.price === null ? null : `${money(held.price)} (${words(held.price_source ?? "")}) of ${held.price_date}`],
    ["Volatility", held.iv_source],
    ["Model", held.model && modelName(held.model)],
    ["Rate", held.rate_source],
    ["Dividends", held.dividend_source],
    ["Share of VaR", part?.share == null ? null : percent(part.share)],
    ...sumOfParts(report, measure),
    ["Missing", held.reason],
  ];
  return known.flatMap(([name, text]): Fact[] => (text ? [[name, text]] : []));
}

function sources(report: PortfolioReport): Fact[] {
  const used = report.market_data.sources.map((each) => `${each.source} (${each.basis}): ${each.prices}`);
  return used.length ? [["Prices of", used.join(", ")]] : [];
}

/** Which calculation the stored figure is of. */
function revision(report: PortfolioReport): Fact[] {
  const run = report.last_run;
  if (!run) return [];
  const ended = run.finished_at ? moment(run.finished_at) : "not finished";
  return [
    ["Last run", `${run.status}, by ${run.trigger}, ${ended}`],
    ["Revision", run.run_id],
  ];
}

const QUALITY = "market-data/quality/{portfolio_id}";
const RUN = "admin/batch/runs/{run_id}";
/** Where the API has what is no figure of a report. */
const ELSEWHERE: Record<string, keyof Reads> = {
  complete: QUALITY,
  stale: QUALITY,
  missing: QUALITY,
  fetching: QUALITY,
  sessions_stored: QUALITY,
  sessions_wanted: QUALITY,
  prices: QUALITY,
  age_sessions: QUALITY,
  quarantined: QUALITY,
  elapsed_seconds: "me/runs",
  after_seconds: "me/runs",
  seconds: "me/runs",
  busy_seconds: RUN,
  shards_done: RUN,
  shards_failed: RUN,
  attempts: "admin/dead-letters",
};

/** The address of what the API says of a portfolio's data, of runs; null: of an answer to a write. */
export function answeredBy(measure: string, address: Record<string, string>): string | null {
  const path = ELSEWHERE[measure];
  if (!path) return null;
  const { portfolio = "", run = "", as_of } = address;
  return addressOf(path, { portfolio_id: portfolio, run_id: run }, path === QUALITY ? { as_of } : {});
}

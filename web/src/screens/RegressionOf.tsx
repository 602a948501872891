import { useCallback } from "preact/hooks";

import { read } from "../api/client";
import type { FactorCoefficient, Regression, RegressionReport } from "../api/types";
import { fixed, number, percent, sentence, words } from "../format";
import { Chart, type Colours } from "../parts/Chart";
import { Choice } from "../parts/Choice";
import { DataTable } from "../parts/DataTable";
import { Facts, type FactOf } from "../parts/Facts";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { days, partColours, plainNumbers, tooltip } from "../parts/options";
import { go, useAddress } from "../state/address";
import { useBook } from "../state/book";
import { useLoaded } from "../state/loading";

const MODELS: Array<[string, string]> = [
  ["market_relative", "Market relative"],
  ["joint", "Joint"],
  ["univariate", "Univariate"],
];

/** The regressions behind one symbol's betas, computed when they are looked at. */
export function RegressionOf({ symbol }: { symbol: string | undefined }) {
  const { report, asOf, version } = useBook();
  const { model: wanted } = useAddress();
  const model = MODELS.some(([each]) => each === wanted) ? (wanted ?? "market_relative") : "market_relative";
  const found = useLoaded<RegressionReport>(
    symbol ? `${symbol} ${model} ${asOf}` : null,
    () =>
      read("factors/regression/{symbol}", { symbol: symbol ?? "" }, { model, as_of: asOf }),
    version,
  );
  const names = [...new Set(report.positions.map((each) => each.underlying))].sort();
  const shown = found.value?.symbol === symbol && found.value?.model === model ? found.value : null;
  return (
    <Panel title={symbol ? `Regression of ${symbol}` : "Regression of a symbol"} wide note="what its betas are based on">
      <div class="toolbar">
        <label>
          Symbol{" "}
          <select value={symbol ?? ""} onChange={(event) => go({ symbol: event.currentTarget.value || undefined })}>
            <option value="">choose one</option>
            {names.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <Choice
          label="Model"
          choices={MODELS}
          chosen={model}
          onChoose={(value) => go({ model: value === "market_relative" ? undefined : value })}
        />
      </div>
      {!symbol && <p class="empty">Choose a symbol, or click on one above.</p>}
      {symbol && found.problem && <p role="alert">{found.problem}</p>}
      {symbol && !shown && !found.problem && <p class="empty">Loading …</p>}
      {symbol && shown && <Shown report={shown} />}
    </Panel>
  );
}

function Shown({ report }: { report: RegressionReport }) {
  const [only, ...others] = report.regressions;
  return (
    <>
      {report.note && <p class="note">{report.note}</p>}
      {report.warnings.map((each) => (
        <p key={each.code} class="note">
          {each.message}
        </p>
      ))}
      {only && !others.length && <Diagnostics regression={only} />}
      {report.regressions.some((each) => each.coefficients.length > 0) ? (
        <Coefficients regressions={report.regressions} />
      ) : (
        <p class="empty">{sentence(only?.reason ?? "No regression has enough returns")}</p>
      )}
      {only && !others.length && <Rolling regression={only} />}
    </>
  );
}

/** How well all factors together explain the symbol's returns. */
function Diagnostics({ regression: one }: { regression: Regression }) {
  if (one.reason) return null;
  const p = (value: number | null | undefined) => `p ${fixed(value, 3)}`;
  const facts: FactOf[] = [
    { name: "R²", measure: "r_squared", value: percent(one.r_squared) },
    { name: "Adjusted R²", measure: "adjusted_r_squared", value: percent(one.adjusted_r_squared) },
    { name: "Observations", measure: "observations", value: number(one.observations, 0) },
    { name: "Residual volatility of a day", measure: "residual_deviation", value: percent(one.residual_deviation) },
    { name: "Condition number", measure: "condition_number", value: number(one.condition_number, 1) },
    { name: "Durbin-Watson", measure: "durbin_watson", value: fixed(one.tests?.durbin_watson, 2) },
    { name: "Jarque-Bera", measure: "jarque_bera", value: p(one.tests?.jarque_bera.p_value) },
    { name: "Breusch-Pagan", measure: "breusch_pagan", value: p(one.tests?.breusch_pagan.p_value) },
    { name: "CUSUM", measure: "cusum", value: p(one.tests?.cusum.p_value) },
  ];
  return (
    <>
      <Facts label="Quality of the fit" facts={facts} />
      <p class="note">
        {one.first_day} to {one.last_day}, {words(one.quality).toLowerCase()}; Newey-West with {one.newey_west_lags} lags
      </p>
    </>
  );
}

/** One line per factor; where each has a regression of its own, with how well that fits. */
function Coefficients({ regressions }: { regressions: Regression[] }) {
  const alone = regressions.length > 1;
  const columns = [
    { name: "Factor" },
    { name: "Beta used", numeric: true },
    { name: "Raw beta", numeric: true },
    { name: "Standard error", numeric: true },
    { name: "t", numeric: true },
    { name: "p", numeric: true },
    { name: "Newey-West error", numeric: true },
    { name: "Newey-West p", numeric: true },
    { name: "VIF", numeric: true },
    ...(alone
      ? ["R²", "Residual volatility", "Observations"].map((name) => ({ name, numeric: true }))
      : [{ name: "Prior", numeric: true }]),
    { name: "" },
  ];
  const rows = regressions.flatMap((regression) =>
    regression.coefficients.map((each) => [
      each.name,
      ...estimates(each),
      ...(alone ? fitOf(regression) : [<Prior of={each} />]),
      <small>
        {[each.indistinguishable_from_zero && "within two errors of zero", each.capped && "capped at 3"]
          .filter(Boolean)
          .join(", ")}
      </small>,
    ]),
  );
  return <DataTable label="Coefficients" columns={columns} rows={rows} />;
}

function estimates(each: FactorCoefficient) {
  const plain = each.least_squares;
  return [
    <Figure measure="beta">{fixed(each.beta, 3, true)}</Figure>,
    <Figure measure="raw_beta">{fixed(each.raw_beta, 3, true)}</Figure>,
    <Figure measure="standard_error">{fixed(each.standard_error, 3)}</Figure>,
    <Figure measure="t_statistic">{fixed(plain.t_statistic, 2, true)}</Figure>,
    <Figure measure="p_value">{fixed(plain.p_value, 3)}</Figure>,
    <Figure measure="newey_west_error">{fixed(plain.newey_west_error, 3)}</Figure>,
    <Figure measure="newey_west_p">{fixed(plain.newey_west_p, 3)}</Figure>,
    <Figure measure="variance_inflation">{fixed(each.variance_inflation, 2)}</Figure>,
  ];
}

function fitOf(regression: Regression) {
  return [
    <Figure measure="r_squared">{percent(regression.r_squared)}</Figure>,
    <Figure measure="residual_deviation">{percent(regression.residual_deviation)}</Figure>,
    <Figure measure="observations">{number(regression.observations, 0)}</Figure>,
  ];
}

function Prior({ of }: { of: FactorCoefficient }) {
  if (of.prior_mean === null) return <>–</>;
  return (
    <Figure measure="prior_mean">
      {number(of.prior_mean)} ± {number(of.prior_deviation)}
    </Figure>
  );
}

function Rolling({ regression }: { regression: Regression }) {
  const draw = useCallback((own: Colours) => lines(own, regression), [regression]);
  const rolling = regression.rolling;
  if (!rolling?.session_dates.length) return null;
  return (
    <section aria-label="Rolling betas">
      <h3>Betas of the last {rolling.window} days at each session</h3>
      <Chart label={`Rolling betas over ${rolling.window} days`} height={240} draw={draw} />
      <details>
        <summary>As a table</summary>
        <DataTable
          label="Rolling betas"
          columns={[{ name: "Session" }, ...names(regression).map((name) => ({ name, numeric: true }))]}
          rows={rolling.session_dates
            .map((day, place) => [day, ...rolling.betas.map((betas) => fixed(betas[place], 3, true))])
            .toReversed()}
        />
      </details>
    </section>
  );
}

function names(regression: Regression): string[] {
  return (regression.rolling?.factors ?? []).map(
    (factor) => regression.coefficients.find((each) => each.factor === factor)?.name ?? factor,
  );
}

function lines(own: Colours, regression: Regression) {
  const rolling = regression.rolling;
  return {
    color: partColours(own),
    legend: { type: "scroll" as const, top: 0, textStyle: { color: own.text }, pageTextStyle: { color: own.text } },
    tooltip: { ...tooltip(own, "axis"), valueFormatter: (value: number) => fixed(value, 3, true) },
    grid: { left: 48, right: 12, top: 36, bottom: 28 },
    xAxis: days(own, rolling?.session_dates ?? []),
    yAxis: plainNumbers(own),
    series: names(regression).map((name, place) => ({
      type: "line",
      name,
      showSymbol: false,
      data: rolling?.betas[place] ?? [],
    })),
  };
}

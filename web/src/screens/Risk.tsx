import { read } from "../api/client";
import type { Backtest, Vectors } from "../api/names";
import type { JudgedDay } from "../api/types";
import { inUnit, percent, words } from "../format";
import { Choice } from "../parts/Choice";
import { DataTable } from "../parts/DataTable";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { Part } from "../parts/Part";
import { Waiting } from "../parts/Waiting";
import { go, useAddress } from "../state/address";
import { metric, useBook } from "../state/book";
import { useLoaded } from "../state/loading";
import { Exceptions, Verdicts } from "./Backtest";
import { Components } from "./Components";
import { Distribution } from "./Distribution";
import { Losers } from "./Losers";

const METHODS = ["historical", "rescaled", "smoothed", "parametric"];
const LOSSES = [
  ["var_95", "VaR 95 %"],
  ["var_99", "VaR 99 %"],
  ["es_95", "Shortfall 95 %"],
  ["es_99", "Shortfall 99 %"],
] as const;

/** What a portfolio may lose in a day, by every method; where from; and how often it lost more. */
export function Risk() {
  const { report, asOf, version } = useBook();
  const { var: chosen, exception, confidence: wanted } = useAddress();
  const ids = { portfolio_id: report.portfolio.portfolio_id };
  const key = `${ids.portfolio_id} ${asOf}`;
  const backtest = useLoaded<Backtest>(key, () => read("portfolios/{portfolio_id}/var-backtest", ids, { to: asOf }), version);
  const vectors = useLoaded<Vectors>(
    key,
    () => read("portfolios/{portfolio_id}/pnl-vectors", ids, { as_of: asOf, limit: 1 }),
    version,
  );
  const judged = backtest.value?.judged ?? [];
  const shown = judged.find((each) => each.measure === chosen) ?? judged[0];
  const confidence = wanted === "99" ? 99 : 95;
  const day = useLoaded<JudgedDay>(
    exception && shown ? `${key} ${exception} ${shown.confidence}` : null,
    () =>
      read(
        "portfolios/{portfolio_id}/var-backtest/{session_date}",
        { ...ids, session_date: exception ?? "" },
        { confidence: shown?.confidence ?? 95 },
      ),
    version,
  );
  return (
    <div class="grid">
      <Methods />
      <Distribution vectors={vectors} />
      <Components
        confidence={confidence}
        choice={
          <Choice
            label="Confidence"
            choices={[
              ["95", "95 %"],
              ["99", "99 %"],
            ]}
            chosen={String(confidence)}
            onChoose={(value) => go({ confidence: value === "95" ? undefined : value }, true)}
          />
        }
      />
      {shown ? (
        <Exceptions judged={shown} chosen={exception} />
      ) : (
        <Waiting title="P&L and the VaR of the evening before" loaded={backtest} wide />
      )}
      {exception && shown && <Losers day={exception} judged={shown} loaded={day} />}
      {judged.length > 0 && <Verdicts judged={judged} shown={shown} />}
    </div>
  );
}

/** Every method next to the others: VaR and shortfall in USD and of NAV, and what they are based on. */
function Methods() {
  const { report } = useBook();
  const cell = (name: string) => {
    const found = metric(report, name);
    if (!found || found.value === null) return <small title={found?.reason ?? undefined}>–</small>;
    return (
      <>
        <Figure measure={name}>{inUnit(found.value, found.unit)}</Figure>
        <small>
          <Part measure="share_of_nav" about={found.title} amount={percent(found.share_of_nav)} />
        </small>
      </>
    );
  };
  const rows = METHODS.map((method) => {
    const known = metric(report, `var_95_1d_${method}`);
    return [
      words(method),
      ...LOSSES.map(([loss]) => cell(`${loss}_1d_${method}`)),
      <Figure measure="observations">{known?.observations ?? "–"}</Figure>,
      <Figure measure="coverage">{percent(known?.coverage)}</Figure>,
      <small>{known?.reason ?? windowOf(known?.first_day, known?.last_day)}</small>,
    ];
  });
  const columns = [
    { name: "Method" },
    ...LOSSES.map(([, name]) => ({ name, numeric: true })),
    { name: "Days", numeric: true },
    { name: "Coverage", numeric: true },
    { name: "Window" },
  ];
  return (
    <Panel title="One-day VaR and shortfall" note="USD and share of NAV" wide>
      <DataTable label="One-day VaR and shortfall by method" columns={columns} rows={rows} />
    </Panel>
  );
}

function windowOf(first: string | null | undefined, last: string | null | undefined): string {
  return first && last ? `${first} to ${last}` : "";
}

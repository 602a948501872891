import { read } from "../api/client";
import type { AttributionPeriods, FactorRisk } from "../api/types";
import { money, sentence } from "../format";
import { DataTable } from "../parts/DataTable";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { Waiting } from "../parts/Waiting";
import { useAddress } from "../state/address";
import { useBook } from "../state/book";
import { useLoaded } from "../state/loading";
import { FactorExposures } from "./FactorExposures";
import { FactorHistory, periodOf } from "./FactorHistory";
import { FactorShares } from "./FactorShares";
import { PositionExposures } from "./PositionExposures";
import { RegressionOf } from "./RegressionOf";

/** What a portfolio is exposed to, what that makes of its risk and its P&L, and how well it is known. */
export function Factors() {
  const { report, asOf, version } = useBook();
  const address = useAddress();
  const ids = { portfolio_id: report.portfolio.portfolio_id };
  const key = `${ids.portfolio_id} ${asOf}`;
  const per = periodOf(address["per"]);
  const risk = useLoaded<FactorRisk>(key, () => read("factors/risk/{portfolio_id}", ids, { as_of: asOf }), version);
  const history = useLoaded<AttributionPeriods>(
    `${key} ${per}`,
    () =>
      read("factors/attribution/{portfolio_id}/periods", ids, { per, to: asOf }),
    version,
  );
  return (
    <div class="grid">
      {risk.value ? <FactorShares risk={risk.value} /> : <Waiting title="Where the risk comes from" loaded={risk} />}
      <Rates />
      {risk.value ? <FactorExposures risk={risk.value} /> : <Waiting title="Three models side by side" loaded={risk} wide />}
      {history.value ? (
        <FactorHistory history={history.value} />
      ) : (
        <Waiting title="P&L by factor" loaded={history} wide />
      )}
      <PositionExposures />
      <RegressionOf symbol={address["symbol"]} />
    </div>
  );
}

function Rates() {
  const { factors } = useBook().report;
  const rows = factors.rate_sensitivities.map((each) => [
    each.maturity,
    <Figure measure="dollars_per_basis_point">
      {money(each.dollars_per_basis_point, { plus: true })}
    </Figure>,
    <Figure measure="standard_error">{money(each.standard_error)}</Figure>,
    each.indistinguishable_from_zero ? <small>within two errors of zero</small> : <small>{each.reason}</small>,
  ]);
  return (
    <Panel title="Rates" note="USD per basis point, each estimated alone: do not add">
      {rows.length ? (
        <DataTable
          label="Rates"
          columns={[{ name: "Yield" }, { name: "Per bp", numeric: true }, { name: "Error", numeric: true }, { name: "" }]}
          rows={rows}
        />
      ) : (
        <p class="empty">{sentence(factors.reason ?? "No sensitivity to interest rates is measured")}</p>
      )}
    </Panel>
  );
}

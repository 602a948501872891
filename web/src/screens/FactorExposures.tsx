import type { FactorRisk, ModelExposure } from "../api/types";
import { fixed, money, percent, words } from "../format";
import { DataTable } from "../parts/DataTable";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";

/** What each model makes of the same positions; the first is the one that all other figures use. */
export function FactorExposures({ risk }: { risk: FactorRisk }) {
  const columns = [
    { name: "Factor" },
    { name: "Proxy" },
    { name: "Volatility", numeric: true },
    ...risk.models.flatMap(({ model }) => [
      { name: words(model), numeric: true },
      { name: `β, ${words(model).toLowerCase()}`, numeric: true },
    ]),
  ];
  const rows = risk.factors.map((each) => [
    each.name,
    each.proxy ?? "no source",
    <Figure measure="factor_deviation">{percent(each.factor_deviation)}</Figure>,
    ...each.models.flatMap((exposure) => [
      <Exposure factor={each.factor} exposure={exposure} />,
      <Figure measure="beta">{fixed(exposure.beta, 3, true)}</Figure>,
    ]),
  ]);
  return (
    <Panel title="Three models side by side" note="USD ± standard error, and as a share of NAV (β); volatility of a day; ○ within two errors of zero" wide>
      <DataTable label="Three models side by side" columns={columns} rows={rows} />
      {risk.models.map(
        ({ model, note }) =>
          note && (
            <p key={model} class="note">
              <strong>{words(model)}</strong>: {note}
            </p>
          ),
      )}
    </Panel>
  );
}

function Exposure({ factor, exposure }: { factor: string; exposure: ModelExposure }) {
  const { model, dollar_exposure, standard_error, indistinguishable_from_zero, reason } = exposure;
  if (dollar_exposure === null) return <small title={reason ?? undefined}>–</small>;
  return (
    <>
      {indistinguishable_from_zero && <span title="within two errors of zero">○ </span>}
      <Figure measure="dollar_exposure" series={`factor.${factor}.${model}`}>
        {money(dollar_exposure, { compact: true, plus: true })}
      </Figure>
      <small>±{money(standard_error, { compact: true })}</small>
    </>
  );
}

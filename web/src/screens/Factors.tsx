import { fixed, money, percent, tone } from "../format";
import { Bars } from "../parts/Bars";
import { DataTable } from "../parts/DataTable";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { useBook } from "../state/book";

export function Factors() {
  const { factors } = useBook().report;
  const bars = factors.factors.flatMap((each) =>
    each.dollar_exposure === null
      ? []
      : [
          {
            key: each.factor,
            label: each.name,
            value: each.dollar_exposure,
            text: (
              <Figure measure="dollar_exposure" series={`factor.${each.factor}`} tone={tone(each.dollar_exposure)}>
                {money(each.dollar_exposure, { compact: true, plus: true })}
              </Figure>
            ),
          },
        ],
  );
  const rows = factors.factors.map((each) => [
    each.name,
    each.proxy ?? "–",
    money(each.dollar_exposure, { plus: true }),
    money(each.standard_error),
    fixed(each.beta, 3, true),
    each.indistinguishable_from_zero ? "within two errors of zero" : (each.reason ?? ""),
    percent(each.coverage),
  ]);
  const rates = factors.rate_sensitivities.map((each) => [
    each.maturity,
    <Figure measure="dollars_per_basis_point" tone={tone(each.dollars_per_basis_point)}>
      {money(each.dollars_per_basis_point, { plus: true })}
    </Figure>,
    money(each.standard_error),
    each.indistinguishable_from_zero ? "within two errors of zero" : (each.reason ?? ""),
  ]);
  return (
    <div class="grid">
      <Panel title="Factor exposures" note={factors.model.replace(/_/g, " ")}>
        <Bars bars={bars} empty={factors.reason ?? "No factor exposure is measured on this session."} />
        {factors.note && <p class="note">{factors.note}</p>}
      </Panel>
      <Panel title="Rates" note="USD per basis point, each estimated alone: do not add">
        <DataTable
          label="Rates"
          columns={[{ name: "Yield" }, { name: "Per bp", numeric: true }, { name: "Error", numeric: true }, { name: "" }]}
          rows={rates}
        />
      </Panel>
      <Panel title="Exposures and their errors" wide>
        <DataTable
          label="Exposures and their errors"
          columns={[
            { name: "Factor" },
            { name: "Proxy" },
            { name: "Exposure", numeric: true },
            { name: "Standard error", numeric: true },
            { name: "Beta", numeric: true },
            { name: "" },
            { name: "Coverage", numeric: true },
          ]}
          rows={rows}
        />
      </Panel>
    </div>
  );
}

import type { FactorRisk, RiskPartOut } from "../api/types";
import { money, percent } from "../format";
import { Bars } from "../parts/Bars";
import { Facts } from "../parts/Facts";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";

/** Factors and what they leave: shares of the variance of one day's P&L, which add up. */
export function FactorShares({ risk }: { risk: FactorRisk }) {
  const parts: Array<{ key: string; name: string; part: RiskPartOut }> = [
    ...risk.factors.map((each) => ({ key: each.factor, name: each.name, part: each })),
    { key: "specific", name: "Specific", part: risk.specific },
  ];
  const bars = parts.flatMap(({ key, name, part }) =>
    part.share_of_risk === null
      ? []
      : [
          {
            key,
            label: name,
            value: part.share_of_risk,
            text: (
              <>
                <Figure measure="share_of_risk">{percent(part.share_of_risk)}</Figure>
                <small>{money(part.contribution, { whole: true })}</small>
              </>
            ),
          },
        ],
  );
  const rows = [
    ...parts.map(({ name, part }) => [name, money(part.contribution), percent(part.share_of_risk)]),
    ["All factors", money(risk.systematic.contribution), percent(risk.systematic.share_of_risk)],
    ["Together", money(risk.total.contribution), percent(risk.total.share_of_risk)],
  ];
  const columns = [{ name: "Part" }, { name: "Of a day's deviation", numeric: true, measure: "contribution" }, { name: "Share of risk", numeric: true, measure: "share_of_risk" }];
  return (
    <Panel
      title="Where the risk comes from"
      note="share of the variance of a day's P&L; below zero offsets others"
      table={{ columns, rows }}
    >
      <Bars bars={bars} empty={risk.reason ?? "The risk of this session is not measured."} sizes />
      {bars.length > 0 && (
        <Facts
          label="The risk in sum"
          facts={[
            { name: "All factors", measure: "share_of_risk", value: percent(risk.systematic.share_of_risk) },
            { name: "Specific", measure: "share_of_risk", value: percent(risk.specific.share_of_risk) },
            { name: "Together", measure: "share_of_risk", value: percent(risk.total.share_of_risk) },
            { name: "Deviation of a day", measure: "contribution", value: money(risk.total.contribution) },
            { name: "Coverage", measure: "coverage", value: percent(risk.coverage) },
          ]}
        />
      )}
    </Panel>
  );
}

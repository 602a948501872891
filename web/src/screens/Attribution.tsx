import type { PortfolioReport } from "../api/types";
import { money, tone } from "../format";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { Symbol } from "../parts/Symbol";
import { Waterfall, type Step } from "../parts/Waterfall";

/** The session's P&L as steps from zero to its total: by position. */
export function DayByPosition({ report }: { report: PortfolioReport }) {
  const { largest, others, total } = report.pnl_by_position;
  const steps: Step[] = largest.map((each) => ({
    key: each.position_id,
    label: <Symbol symbol={each.symbol} />,
    value: each.pnl,
    text: (
      <Figure measure="daily_pnl" position={each.position_id} tone={tone(each.pnl)}>
        {money(each.pnl, { plus: true })}
      </Figure>
    ),
  }));
  if (others) {
    const text = <Figure measure="others" tone={tone(others)}>{money(others, { plus: true })}</Figure>;
    steps.push({ key: "others", label: "All else", value: others, text });
  }
  const note = largest.length && largest.length < report.positions.length ? `the largest ${largest.length}` : undefined;
  return (
    <Panel title="P&L of the day by position" note={note}>
      <Waterfall
        steps={total === null ? [] : steps}
        total={totalOf(total)}
        empty={total === null ? "There is no session before this one." : "No position moved."}
      />
    </Panel>
  );
}

/** The same by factor, income, fees, trading, and what is left of it. */
export function Attribution({ report }: { report: PortfolioReport }) {
  const { attribution } = report;
  const parts: Array<[string, string, number | null]> = [
    ...attribution.factors.map((each): [string, string, number | null] => [each.factor, each.name, each.pnl]),
    ["income", "Income", attribution.income],
    ["fees", "Fees", attribution.fees],
    ["trades", "Trading", attribution.trades],
    ["specific", "Specific", attribution.specific],
  ];
  const steps = parts.flatMap(([key, name, pnl]): Step[] => {
    if (!pnl) return [];
    const text = (
      <Figure measure={measureOf(key)} series={`attribution.${key}`} tone={tone(pnl)}>
        {money(pnl, { plus: true })}
      </Figure>
    );
    return [{ key, label: name, value: pnl, text }];
  });
  return (
    <Panel title="P&L of the day by factor" note="factor model, market-relative">
      <Waterfall
        steps={steps}
        total={totalOf(attribution.total)}
        empty={attribution.reason ?? "The P&L of this session is not attributed."}
      />
    </Panel>
  );
}

/** Causes have a definition of their own; a factor's part is a P&L. */
function measureOf(key: string): string {
  return ["income", "fees", "trades", "specific"].includes(key) ? key : "pnl";
}

function totalOf(total: number | null): Step {
  const text = (
    <Figure measure="daily_pnl" tone={tone(total)}>
      {money(total, { plus: true })}
    </Figure>
  );
  return { key: "total", label: "Total", value: total ?? 0, text };
}

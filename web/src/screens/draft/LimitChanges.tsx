import type { LimitImpact, LimitSide } from "../../api/types";
import { Panel } from "../../parts/Panel";
import { DataTable } from "../../parts/DataTable";
import { useBook } from "../../state/book";
import { memberText } from "../../state/limits";
import { levelText, stateText, toneOf, usedText } from "../limits/words";

const CHANGES: Record<string, [string, string]> = {
  breached: ["Breached by the trades", "bad"],
  cured: ["Cured by the trades", "good"],
  worse: ["Worse", "warn"],
  better: ["Better", "good"],
  unchanged: ["Same level", ""],
};

/** The portfolio's limits before and after, those that the trades breach or cure first. */
export function LimitChanges({ limits }: { limits: LimitImpact[] }) {
  return (
    <Panel title="Limits" wide note={limits.length ? "those that the trades breach or cure first" : undefined}>
      {limits.length ? (
        <DataTable
          label="Limits"
          columns={[
            { name: "Limit" },
            { name: "Effect" },
            { name: "Before" },
            { name: "Value", numeric: true },
            { name: "After" },
            { name: "Value then", numeric: true },
            { name: "Breach at", numeric: true, measure: "breach" },
            { name: "Used before", numeric: true, measure: "used" },
            { name: "Used after", numeric: true, measure: "used" },
          ]}
          rows={limits.map((each) => {
            const [text, tone] = CHANGES[each.change ?? ""] ?? [each.after ? "Not measured" : "Set since: calculate again", ""];
            return [
              each.name,
              <span class={`pill ${tone}`}>{text}</span>,
              <Side side={each.before} measure={each.measure} />,
              levelText(each.before?.value, each),
              <Side side={each.after} measure={each.measure} />,
              levelText(each.after?.value, each),
              levelText(each.breach, each),
              usedText(each.before?.used),
              usedText(each.after?.used),
            ];
          })}
        />
      ) : (
        <p class="empty">No limit is set for this portfolio: the screen Limits has the usual ones.</p>
      )}
    </Panel>
  );
}

function Side({ side, measure }: { side: LimitSide | null; measure: string }) {
  const { report } = useBook();
  if (!side) return <span>–</span>;
  return (
    <span title={side.reason ?? undefined}>
      <span class={`pill ${toneOf(side.state)}`}>{stateText(side.state)}</span>
      {side.member && <small> {memberText(report, measure, side.member)}</small>}
    </span>
  );
}

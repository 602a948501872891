import { useState } from "preact/hooks";

import { deleteScenario } from "../api/client";
import type { PortfolioReport, ScenarioOut } from "../api/types";
import { fixed, shock, words } from "../format";
import { DataTable } from "../parts/DataTable";
import { FormDialog } from "../parts/Form";
import { Panel } from "../parts/Panel";
import { go } from "../state/address";
import { factorName, useBook } from "../state/book";
import { asTyped } from "./ShockEditor";

const BASIS_POINT = 10_000;
const COLUMNS = [{ name: "Scenario" }, { name: "Shocks" }, { name: "Severity" }, { name: "" }];

interface Props {
  scenarios: ScenarioOut[];
  problem: string | null;
  onDeleted: () => void;
}

/** What the user saved. */
export function OwnScenarios({ scenarios, problem, onDeleted }: Props) {
  const { report } = useBook();
  const [leaving, setLeaving] = useState<ScenarioOut | null>(null);
  const rows = scenarios.map((each) => [
    each.name,
    termsOf(each, report),
    words(each.severity),
    <span class="buttons small">
      <button type="button" onClick={() => go({ shocked: asTyped(each) })}>
        Evaluate now
      </button>
      <button type="button" aria-label={`Delete ${each.name}`} onClick={() => setLeaving(each)}>
        Delete
      </button>
    </span>,
  ]);
  return (
    <Panel title="Saved scenarios" wide note={`${scenarios.length} of your scenarios`}>
      {problem && <p role="alert">{problem}</p>}
      {rows.length ? (
        <DataTable label="Saved scenarios" columns={COLUMNS} rows={rows} />
      ) : (
        <p class="empty">None yet: evaluate a shock in the editor, and save it under a name.</p>
      )}
      {leaving && (
        <FormDialog
          label={`Delete ${leaving.name}?`}
          action="Delete it"
          danger
          submit={() => deleteScenario(leaving.scenario_id).then(onDeleted)}
          onClose={() => setLeaving(null)}
        >
          <p>No later run evaluates it. Its earlier results stay.</p>
        </FormDialog>
      )}
    </Panel>
  );
}

function termsOf(scenario: ScenarioOut, report: PortfolioReport): string {
  const parts = Object.entries(scenario.shocks).map(([factor, value]) => `${factorName(report, factor)} ${shock(value)}`);
  if (scenario.rate_shock !== null) parts.push(`yields ${fixed(scenario.rate_shock * BASIS_POINT, 0, true)} bp`);
  if (scenario.volatility_shock !== null) parts.push(`volatility ${shock(scenario.volatility_shock)}`);
  return parts.join(", ");
}

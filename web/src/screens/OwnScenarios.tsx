import { useState } from "preact/hooks";

import { deleteScenario } from "../api/client";
import type { ScenarioOut } from "../api/types";
import { fixed, shock, words } from "../format";
import { DataTable } from "../parts/DataTable";
import { Panel } from "../parts/Panel";
import { go } from "../state/address";
import { describe } from "../state/loading";
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
  const [failed, setFailed] = useState<string | null>(null);
  const remove = (scenario: ScenarioOut) => {
    if (!confirm(`Delete ${scenario.name}? Its earlier results stay.`)) return;
    deleteScenario(scenario.scenario_id).then(
      () => {
        setFailed(null);
        onDeleted();
      },
      (error: unknown) => setFailed(describe(error)),
    );
  };
  const rows = scenarios.map((each) => [
    each.name,
    termsOf(each),
    words(each.severity),
    <span class="buttons small">
      <button type="button" onClick={() => go({ shocked: asTyped(each) })}>
        Evaluate now
      </button>
      <button type="button" aria-label={`Delete ${each.name}`} onClick={() => remove(each)}>
        Delete
      </button>
    </span>,
  ]);
  return (
    <Panel title="Saved scenarios" wide note={`${scenarios.length} of your scenarios`}>
      {(problem ?? failed) && <p role="alert">{problem ?? failed}</p>}
      {rows.length ? (
        <DataTable label="Saved scenarios" columns={COLUMNS} rows={rows} />
      ) : (
        <p class="empty">None yet: evaluate a shock in the editor, and save it under a name.</p>
      )}
    </Panel>
  );
}

function termsOf(scenario: ScenarioOut): string {
  const parts = Object.entries(scenario.shocks).map(([factor, value]) => `${words(factor)} ${shock(value)}`);
  if (scenario.rate_shock !== null) parts.push(`yields ${fixed(scenario.rate_shock * BASIS_POINT, 0, true)} bp`);
  if (scenario.volatility_shock !== null) parts.push(`volatility ${shock(scenario.volatility_shock)}`);
  return parts.join(", ");
}

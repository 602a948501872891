import { useState } from "preact/hooks";

import { read } from "../../api/client";
import type { PagePortfolioList } from "../../api/names";
import type { SavedView } from "../../api/types";
import { words } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { Panel } from "../../parts/Panel";
import { go } from "../../state/address";
import { describe, useLoaded } from "../../state/loading";
import { useOwn } from "../../state/own";
import { THEME_NAMES, THEMES } from "../../state/theme";

/** Theme, the portfolio that opens first, and saved views. */
export function PreferencesPanel() {
  const { preferences, change } = useOwn();
  const [problem, setProblem] = useState<string | null>(null);
  const portfolios = useLoaded<PagePortfolioList>("names", () => read("portfolios", {}, { limit: 1000, sort: "name" }));
  const act = (terms: Parameters<typeof change>[0]) => {
    setProblem(null);
    change(terms).catch((error: unknown) => setProblem(describe(error)));
  };
  const views = preferences.views ?? [];
  const forget = (view: SavedView) => {
    const others = (each: SavedView) => each.screen !== view.screen || each.name !== view.name;
    act((before) => ({ ...before, views: (before.views ?? []).filter(others) }));
  };
  return (
    <Panel title="Preferences" note="the same in every browser">
      {problem && <p role="alert">{problem}</p>}
      <div class="form">
        <div>
          <span id="theme-label">Theme</span>
          <span class="choice" role="group" aria-labelledby="theme-label">
            {THEMES.map((theme) => (
              <button
                key={theme}
                type="button"
                aria-pressed={preferences.theme === theme}
                onClick={() => act((before) => ({ ...before, theme }))}
              >
                {THEME_NAMES[theme]}
              </button>
            ))}
          </span>
        </div>
        <label>
          Opens with
          <select
            value={preferences.default_portfolio_id ?? ""}
            onChange={(event) => {
              const chosen = event.currentTarget.value || null;
              act((before) => ({ ...before, default_portfolio_id: chosen }));
            }}
          >
            <option value="">the first portfolio by name</option>
            {portfolios.value?.items.map((each) => (
              <option key={each.portfolio_id} value={each.portfolio_id}>
                {each.name}
              </option>
            ))}
          </select>
        </label>
      </div>
      {views.length > 0 && (
        <DataTable
          label="Saved views"
          columns={[{ name: "Saved view" }, { name: "Screen" }, { name: "" }]}
          rows={views.map((view) => [
            <button type="button" class="link" onClick={() => go({ ...view.address, screen: view.screen })}>
              {view.name}
            </button>,
            words(view.screen),
            <span class="buttons small">
              <button type="button" class="quiet" aria-label={`Delete the view ${view.name}`} onClick={() => forget(view)}>
                Delete
              </button>
            </span>,
          ])}
        />
      )}
    </Panel>
  );
}

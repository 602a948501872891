import { useState } from "preact/hooks";

import type { SavedView } from "../../api/types";
import { Menu } from "../../parts/Menu";
import { go, useAddress } from "../../state/address";
import { describe } from "../../state/loading";
import { useOwn } from "../../state/own";

const SCREEN = "positions";
/** The parts of the address that make a view of the grid. */
const PARTS = ["filter", "where", "group", "sort", "columns", "status"] as const;
type ViewAddress = Record<string, string>;

const GIVEN: Array<{ name: string; address: ViewAddress }> = [
  { name: "All positions", address: {} },
  { name: "Risk by sector", address: { group: "sector", sort: "-component_var" } },
  { name: "Options by expiry", address: { where: "instrument.eq.option", group: "expiry", sort: "days_to_expiry" } },
  { name: "Largest losses of the day", address: { where: "daily_pnl.lt.0", sort: "daily_pnl" } },
  { name: "Old and missing prices", address: { where: "price_age.ne.0", sort: "-price_age" } },
  { name: "Closed, by realised P&L", address: { status: "closed", sort: "realised_pnl", columns: "symbol,opened_quantity,entry_date,entry_price,exit_date,exit_price,realised_pnl,tags" } },
];

/** Views by name: some are given, others are the user's and kept by the API. */
export function Views() {
  const address = useAddress();
  const { preferences, change } = useOwn();
  const [problem, setProblem] = useState<string | null>(null);
  const own = (preferences.views ?? []).filter((view) => view.screen === SCREEN);
  const shown = partsOf(address);
  // Two views may show the same: the one that was chosen is named.
  const same = [...GIVEN, ...own].filter((view) => isSame(view.address, shown));
  const named = (same.find((view) => view.name === address["view"]) ?? same[0])?.name;
  const save = async (next: (before: SavedView[]) => SavedView[]) => {
    setProblem(null);
    try {
      await change((before) => ({ ...before, views: next(before.views ?? []) }));
    } catch (error) {
      setProblem(describe(error));
    }
  };
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const name = String(new FormData(form).get("name")).trim();
    const view = { screen: SCREEN, name, address: shown };
    void save((before) => [...before.filter((each) => !isNamed(each, name)), view]).then(() => {
      form.reset();
      go({ view: name }, true);
    });
  };
  return (
    <Menu name={<>View: {named ?? "custom"}</>} label={`View: ${named ?? "custom"}`}>
      <ul aria-label="Views">
        {GIVEN.map((view) => (
          <li key={view.name}>
            <ViewButton name={view.name} address={view.address} current={view.name === named} />
          </li>
        ))}
        {own.map((view) => (
          <li key={view.name}>
            <ViewButton name={view.name} address={view.address} current={view.name === named} />
            <button
              type="button"
              class="quiet"
              aria-label={`Delete the view ${view.name}`}
              onClick={() => void save((before) => before.filter((each) => !isNamed(each, view.name)))}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
      <form class="save" onSubmit={add} aria-label="Save this view">
        <input name="name" required maxLength={60} placeholder="Name of this view" aria-label="Name of this view" />
        <button type="submit">
          Save
        </button>
      </form>
      {problem && <p role="alert">{problem}</p>}
      <p class="note">A view is in the address too: its link shows the same.</p>
    </Menu>
  );
}

/** Names of views differ within a screen, whatever their case. */
function isNamed(view: SavedView, name: string): boolean {
  return view.screen === SCREEN && view.name.toLowerCase() === name.toLowerCase();
}

function ViewButton({ name, address, current }: { name: string; address: ViewAddress; current: boolean }) {
  const show = (event: MouseEvent) => {
    const none = Object.fromEntries(PARTS.map((part) => [part, undefined]));
    go({ ...none, ...address, view: name === GIVEN[0]?.name ? undefined : name });
    (event.currentTarget as HTMLElement).closest("details")?.removeAttribute("open");
  };
  return (
    <button type="button" class="quiet" aria-current={current ? "true" : undefined} onClick={show}>
      {name}
    </button>
  );
}

function partsOf(address: ViewAddress): ViewAddress {
  return Object.fromEntries(PARTS.flatMap((part) => (address[part] ? [[part, address[part]]] : [])));
}

function isSame(one: ViewAddress, other: ViewAddress): boolean {
  return PARTS.every((part) => (one[part] ?? "") === (other[part] ?? ""));
}

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { read } from "../api/client";
import type { ListedPortfolio } from "../api/names";
import type { PortfolioReport, SymbolsFound } from "../api/types";
import { instrument } from "../format";
import { go } from "../state/address";
import { useLoaded } from "../state/loading";
import { useScreens } from "../state/own";
import { Dialog } from "./Dialog";
import { CLOSED } from "./Drawer";

interface Choice {
  key: string;
  kind: string;
  name: string;
  /** Another name that it is found by. */
  also?: string;
  act: () => void;
}

interface Props {
  portfolios: ListedPortfolio[];
  report: PortfolioReport | null;
  onClose: () => void;
}

const MOST_SHOWN = 12;

export function Palette({ portfolios, report, onClose }: Props) {
  const [wanted, setWanted] = useState("");
  const [place, setPlace] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.focus(), []);
  const screens = useScreens();
  const text = wanted.toLowerCase();
  const elsewhere = useElsewhere(wanted.trim(), portfolios, report?.portfolio.portfolio_id);
  const matching = [
    ...choices(screens, portfolios, report).filter((each) =>
      [each.name, each.also ?? ""].some((name) => name.toLowerCase().includes(text)),
    ),
    ...elsewhere.choices,
  ];
  const found = matching.slice(0, MOST_SHOWN);
  const take = (choice: Choice | undefined) => {
    if (!choice) return;
    onClose();
    choice.act();
  };
  const pressed = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setPlace(Math.min(Math.max(place + step, 0), found.length - 1));
    } else if (event.key === "Enter") {
      take(found[place]);
    }
  };
  return (
    <Dialog label="Go to" onClose={onClose}>
      <input
        ref={input}
        role="combobox"
        aria-expanded="true"
        aria-controls="choices"
        aria-activedescendant={found[place] ? `choice-${place}` : undefined}
        aria-label="Go to a screen, portfolio, position, scenario or figure"
        placeholder="A screen, portfolio, position, scenario or figure"
        value={wanted}
        onKeyDown={pressed}
        onInput={(event) => {
          setWanted(event.currentTarget.value);
          setPlace(0);
        }}
      />
      <ul id="choices" role="listbox" aria-label="Choices">
        {found.map((each, number) => (
          <li
            key={each.key}
            id={`choice-${number}`}
            role="option"
            aria-selected={number === place}
            onClick={() => take(each)}
          >
            <span>{each.name}</span> <small>{each.kind}</small>
          </li>
        ))}
      </ul>
      {!found.length && <p class="empty">{elsewhere.loading ? "Searching your other portfolios …" : "Nothing has this name."}</p>}
      {matching.length > MOST_SHOWN && <p class="note">{matching.length - MOST_SHOWN} more: type on</p>}
    </Dialog>
  );
}

const PAUSE_MILLISECONDS = 200;
const SHORTEST = 2;

/** What other portfolios hold, by one request once the typing pauses. */
function useElsewhere(typed: string, portfolios: ListedPortfolio[], shown: string | undefined) {
  const [wanted, setWanted] = useState("");
  useEffect(() => {
    const pause = window.setTimeout(() => setWanted(typed), PAUSE_MILLISECONDS);
    return () => window.clearTimeout(pause);
  }, [typed]);
  const needed = portfolios.some((each) => each.portfolio_id !== shown) && wanted.length >= SHORTEST;
  const loaded = useLoaded<SymbolsFound>(needed ? wanted : null, () =>
    read("symbols", {}, { search: wanted, limit: MOST_SHOWN }),
  );
  const names = new Map(portfolios.map((each) => [each.portfolio_id, each.name]));
  const items = needed && wanted === typed ? (loaded.value?.items ?? []) : [];
  const choices = items.flatMap((each): Choice[] =>
    each.portfolio_ids
      .filter((id) => id !== shown && names.has(id))
      .map((id) => ({
        key: `${id} ${each.symbol}`,
        kind: `position in ${names.get(id) ?? ""}`,
        name: instrument(each.symbol),
        act: () => go({ portfolio: id, screen: "positions", filter: each.symbol }),
      })),
  );
  return { choices, loading: needed && (loaded.loading || wanted !== typed) };
}

function choices(
  screens: ReturnType<typeof useScreens>,
  portfolios: ListedPortfolio[],
  report: PortfolioReport | null,
): Choice[] {
  const metrics = report?.metrics.groups.flatMap((group) => group.metrics) ?? [];
  return [
    ...screens.map((each) => ({
      key: each.id,
      kind: "screen",
      name: each.name,
      act: () => go({ screen: each.id }),
    })),
    ...portfolios.map((each) => ({
      key: each.portfolio_id,
      kind: "portfolio",
      name: each.name,
      act: () => go({ portfolio: each.portfolio_id }),
    })),
    ...(report?.positions ?? []).map((each) => ({
      key: each.position_id,
      kind: "position",
      name: instrument(each.symbol),
      also: each.symbol,
      act: () => go({ screen: "positions", filter: each.symbol }),
    })),
    ...(report?.stress.scenarios ?? []).map((each) => ({
      key: each.scenario_id,
      kind: "scenario",
      name: each.name,
      act: () => go({ screen: "scenarios", scenario: each.scenario_id }),
    })),
    ...metrics.map((each) => ({
      key: each.metric,
      kind: "figure",
      name: each.title,
      also: each.metric,
      act: () => go({ ...CLOSED, figure: each.metric }),
    })),
  ];
}

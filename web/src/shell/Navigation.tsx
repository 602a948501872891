import { useEffect, useRef, useState } from "preact/hooks";

import type { ListedPortfolio } from "../api/names";
import { money, tone } from "../format";
import { go } from "../state/address";
import { SCREENS, type ScreenId } from "../state/screens";
import { applyTheme, nextTheme, storedTheme } from "../state/theme";

interface Props {
  portfolios: ListedPortfolio[];
  portfolio: ListedPortfolio;
  screen: ScreenId;
  onPalette: () => void;
  onHelp: () => void;
  onLeave: () => void;
}

export function Navigation({ portfolios, portfolio, screen, onPalette, onHelp, onLeave }: Props) {
  const [wanted, setWanted] = useState("");
  const shown = portfolios.filter((each) => each.name.toLowerCase().includes(wanted.toLowerCase()));
  const list = useRef<HTMLUListElement>(null);
  // On a phone the list is one row, which scrolls: the current screen's name is brought into it.
  useEffect(() => {
    const current = list.current?.querySelector<HTMLElement>("[aria-current]");
    if (list.current && current) list.current.scrollLeft = current.offsetLeft - list.current.offsetLeft - 40;
  }, [screen]);
  return (
    <nav class="side" aria-label="Portfolios and screens">
      <a class="brand" href="/">
        <img src="/favicon.svg" alt="" width="22" height="22" /> <span>SigmaSight</span>
      </a>
      <button type="button" class="search" onClick={onPalette}>
        <span>Go to …</span> <kbd>Ctrl K</kbd>
      </button>
      <ul class="screens" ref={list}>
        {SCREENS.map((each) => (
          <li key={each.id}>
            <button
              type="button"
              aria-current={each.id === screen ? "page" : undefined}
              onClick={() => go({ screen: each.id })}
            >
              <span>{each.name}</span> <kbd>g {each.key}</kbd>
            </button>
          </li>
        ))}
      </ul>
      <h2>Portfolios</h2>
      {portfolios.length > 6 && (
        <input
          type="search"
          placeholder="Search portfolios"
          aria-label="Search portfolios"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      )}
      <ul class="portfolios">
        {shown.map((each) => (
          <li key={each.portfolio_id}>
            <button
              type="button"
              aria-current={each.portfolio_id === portfolio.portfolio_id ? "true" : undefined}
              onClick={() => go({ portfolio: each.portfolio_id, figure: undefined, position: undefined, open: undefined })}
            >
              <span class="name">{each.name}</span>
              <span class="nav">{money(each.nav, { compact: true })}</span>
              <span class={`pnl ${tone(each.daily_pnl)}`}>
                {money(each.daily_pnl, { compact: true, plus: true })}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <Settings onHelp={onHelp} onLeave={onLeave} />
    </nav>
  );
}

function Settings({ onHelp, onLeave }: { onHelp: () => void; onLeave: () => void }) {
  const [theme, setTheme] = useState(storedTheme);
  const change = () => {
    const next = nextTheme(theme);
    applyTheme(next);
    setTheme(next);
  };
  return (
    <footer>
      <button type="button" class="quiet" onClick={change}>
        Theme: {theme}
      </button>
      <button type="button" class="quiet" onClick={onHelp}>
        Keys <kbd>?</kbd>
      </button>
      <a class="quiet" href="/docs">
        API
      </a>
      <button type="button" class="quiet" onClick={onLeave}>
        Log out
      </button>
    </footer>
  );
}

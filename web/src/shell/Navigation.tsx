import { useEffect, useRef, useState } from "preact/hooks";

import type { ListedPortfolio } from "../api/names";
import type { SummedPortfolios } from "../api/types";
import { money, tone } from "../format";
import { go } from "../state/address";
import { describe } from "../state/loading";
import { useOwn, useScreens } from "../state/own";
import type { ScreenId } from "../state/screens";
import { applyTheme, nextTheme, storedTheme, THEME_NAMES } from "../state/theme";
import { CLOSED } from "./Drawer";

interface Props {
  portfolios: ListedPortfolio[];
  portfolio: ListedPortfolio;
  /** All together; null for one portfolio alone. */
  summary: SummedPortfolios | null;
  screen: ScreenId;
  /** Alerts that came while the page was open and were not looked at. */
  alerts: number;
  onPalette: () => void;
  onHelp: () => void;
  onTour: () => void;
  onLeave: () => void;
}

export function Navigation(props: Props) {
  const { portfolios, portfolio, summary, screen, alerts, onPalette } = props;
  const list = useRef<HTMLUListElement>(null);
  // On a phone everything but the screens' names is behind a button.
  const [open, setOpen] = useState(false);
  const chosen = (event: MouseEvent) => {
    if ((event.target as HTMLElement).closest("button:not(.menu-button)")) setOpen(false);
  };
  const screens = useScreens();
  // On a phone the list is one row, which scrolls: the current screen's name is brought into it.
  useEffect(() => {
    const current = list.current?.querySelector<HTMLElement>("[aria-current]");
    if (list.current && current) list.current.scrollLeft = current.offsetLeft - list.current.offsetLeft - 40;
  }, [screen]);
  return (
    <nav class={open ? "side open" : "side"} aria-label="Portfolios and screens" onClick={chosen}>
      <a class="brand" href="/">
        <img src="/favicon.svg" alt="" width="22" height="22" /> <span>SigmaSight</span>
      </a>
      <button type="button" class="search" onClick={onPalette}>
        <span>Search, go to …</span> <kbd>Ctrl K</kbd>
      </button>
      <button type="button" class="menu-button" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? "Close" : "Menu"}
      </button>
      <ul class="screens" ref={list}>
        {screens.map((each) => (
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
      <Tree portfolios={portfolios} portfolio={portfolio} summary={summary} />
      <Settings alerts={alerts} onHelp={props.onHelp} onTour={props.onTour} onLeave={props.onLeave} />
    </nav>
  );
}

type TreeProps = Pick<Props, "portfolios" | "portfolio" | "summary">;

/** All portfolios together, and below them each one. */
function Tree({ portfolios, portfolio, summary }: TreeProps) {
  const [wanted, setWanted] = useState("");
  const shown = portfolios.filter((each) => each.name.toLowerCase().includes(wanted.toLowerCase()));
  const left = (summary?.left_out ?? []).map((each) => `without ${each.name}: ${each.reason}`).join("; ");
  const latest = portfolios.reduce<string>((day, each) => (each.as_of && each.as_of > day ? each.as_of : day), "");
  return (
    <>
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
        {summary && (
          <li>
            <button type="button" onClick={() => go({ dialog: "all" })}>
              <span class="name">All portfolios</span>
              <Worth nav={summary.nav} pnl={summary.daily_pnl} />
              <small class={left ? "run warn" : "run"} title={left || undefined}>
                {summary.added < summary.portfolios
                  ? `${summary.added} of ${summary.portfolios} portfolios valued`
                  : `${summary.portfolios} added up`}
              </small>
            </button>
          </li>
        )}
        {shown.map((each) => (
          <li key={each.portfolio_id} class={summary ? "under" : undefined}>
            <button
              type="button"
              aria-current={each.portfolio_id === portfolio.portfolio_id ? "true" : undefined}
              onClick={() => go({ portfolio: each.portfolio_id, ...CLOSED, open: undefined, dialog: undefined })}
            >
              <span class="name">{each.name}</span>
              <Worth nav={each.nav} pnl={each.daily_pnl} />
              <RunState portfolio={each} latest={latest} />
              {each.owner_name && (
                <small class="run" title={`You are its ${each.access}`}>
                  {each.access} · of {each.owner_name}
                </small>
              )}
            </button>
          </li>
        ))}
      </ul>
      {!shown.length && <p class="note">No portfolio has this name.</p>}
    </>
  );
}

function Worth({ nav, pnl }: { nav: number | null; pnl: number | null }) {
  return (
    <>
      <span class="nav">{money(nav, { compact: true })}</span>
      <span class={`pnl ${tone(pnl)}`}>{money(pnl, { compact: true, plus: true })}</span>
    </>
  );
}

/** How its last run ended, where not well, and its session where others are further. */
function RunState({ portfolio, latest }: { portfolio: ListedPortfolio; latest: string }) {
  const status = portfolio.last_run?.status;
  if (status && status !== "completed") return <small class="run warn">run {status}</small>;
  if (!portfolio.as_of) return <small class="run">{portfolio.positions ? "not valued yet" : "empty"}</small>;
  const behind = portfolio.as_of < latest;
  return <small class={behind ? "run warn" : "run"}>{behind ? `only ${portfolio.as_of}` : portfolio.as_of}</small>;
}

type SettingsProps = Pick<Props, "alerts" | "onHelp" | "onTour" | "onLeave">;

function Settings({ alerts, onHelp, onTour, onLeave }: SettingsProps) {
  const own = useOwn();
  const [theme, setTheme] = useState(storedTheme);
  useEffect(() => {
    const changed = () => setTheme(storedTheme());
    window.addEventListener("themechange", changed);
    return () => window.removeEventListener("themechange", changed);
  }, []);
  // The theme holds in this browser at once, and in others from their next visit on.
  const change = () => {
    const next = nextTheme(theme);
    applyTheme(next);
    own.change((before) => ({ ...before, theme: next })).catch(describe);
  };
  return (
    <footer>
      <button type="button" class="quiet" onClick={() => go({ dialog: "alerts" })}>
        Alerts {alerts > 0 && <span class="pill bad">{alerts} new</span>}
      </button>
      <button type="button" class="quiet" onClick={change}>
        Theme: {THEME_NAMES[theme]}
      </button>
      <button type="button" class="quiet" onClick={onHelp}>
        Keys <kbd>?</kbd>
      </button>
      <button type="button" class="quiet" onClick={onTour}>
        Tour
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

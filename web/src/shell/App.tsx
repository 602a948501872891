import { useEffect, useRef, useState } from "preact/hooks";

import { logInByLink, logOut, read } from "../api/client";
import type { ListedPortfolio, PagePortfolioList } from "../api/names";
import type { SummedPortfolios } from "../api/types";
import { go, useAddress } from "../state/address";
import { useGone, useRenewal } from "../state/gone";
import { describe, onLoginNeeded, useLoaded } from "../state/loading";
import { OwnContext, useLoadedOwn } from "../state/own";
import { BookPage } from "./BookPage";
import { FirstPage } from "./FirstPage";
import { LogIn } from "./LogIn";

type Access = "unknown" | "in" | "out";

/** The code of a log-in link; it stands behind `#`, so that no server or log ever sees it. */
function loginCode(): string | null {
  const found = /^#login=(.+)$/.exec(location.hash);
  return found?.[1] ?? null;
}

export function App() {
  const [access, setAccess] = useState<Access>("unknown");
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    onLoginNeeded(() => setAccess("out"));
    const code = loginCode();
    if (!code) {
      setAccess("in");
      return;
    }
    history.replaceState(null, "", location.pathname + location.search);
    logInByLink(code).then(
      () => setAccess("in"),
      (error: unknown) => {
        setProblem(describe(error));
        setAccess("out");
      },
    );
  }, []);
  if (access === "unknown") return null;
  if (access === "out") {
    const entered = () => {
      setProblem(null);
      setAccess("in");
    };
    return <LogIn problem={problem} onEntered={entered} />;
  }
  return <Portfolios onLeft={() => setAccess("out")} />;
}

function Portfolios({ onLeft }: { onLeft: () => void }) {
  const address = useAddress();
  const [turn, setTurn] = useState(0);
  const portfolios = useLoaded<PagePortfolioList>(
    "portfolios",
    () =>
      read("portfolios", {}, { limit: 1000, sort: "name" }),
    turn,
  );
  const renew = () => setTurn((n) => n + 1);
  useRenewal(renew);
  const { gone, dismiss } = useGone(portfolios, renew);
  const { own, problem } = useLoadedOwn();
  const list = portfolios.value?.items ?? [];
  const summary = useLoaded<SummedPortfolios>(
    list.length > 1 ? "summary" : null,
    () =>
      read("portfolios/summary"),
    turn,
  );
  const preferred = own?.preferences.default_portfolio_id;
  const chosen = own ? chosenOf(list, address["portfolio"], preferred) : undefined;
  useEffect(() => {
    if (chosen && !address["portfolio"]) {
      go({ portfolio: chosen.portfolio_id }, true);
    }
  }, [chosen?.portfolio_id, address["portfolio"]]);
  // The sums are read after the list: what was valued in between is in them and not in it.
  const renewed = useRef(0);
  const isBehind = summary.value !== null && list.some((each) => isSummedBeforeListed(each, summary.value));
  useEffect(() => {
    if (!isBehind || Date.now() - renewed.current < RENEWED_APART_MILLISECONDS) return;
    renewed.current = Date.now();
    renew();
  }, [summary.value, isBehind]);
  if (!own || !portfolios.value) {
    const refusal = portfolios.problem ?? problem;
    return (
      <main class="alone">{refusal ? <p role="alert">{refusal}</p> : <p class="empty">Loading portfolios …</p>}</main>
    );
  }
  return (
    <OwnContext.Provider value={own}>
      {chosen ? (
        <BookPage
          portfolios={list}
          portfolio={chosen}
          summary={list.length > 1 ? summary.value : null}
          onNews={renew}
          onLeft={onLeft}
        />
      ) : (
        <FirstPage onLoaded={renew} onLeave={() => void logOut().finally(onLeft)} />
      )}
      {gone && (
        <div class="news">
          <div class="toast" role="alert">
            <p>{gone}</p>
            <button type="button" class="quiet" aria-label="Dismiss" onClick={dismiss}>
              ✕
            </button>
          </div>
        </div>
      )}
    </OwnContext.Provider>
  );
}

const RENEWED_APART_MILLISECONDS = 10_000;

/** Whether a portfolio is in the sums although the list says that it is not valued yet. */
function isSummedBeforeListed(each: ListedPortfolio, summary: SummedPortfolios | null): boolean {
  const isLeftOut = summary?.left_out.some((left) => left.portfolio_id === each.portfolio_id) ?? true;
  return !each.as_of && each.positions > 0 && !isLeftOut;
}

/** The one that the address names, or else the preferred one, or the first that there are figures of. */
function chosenOf(list: ListedPortfolio[], ...wanted: Array<string | null | undefined>): ListedPortfolio | undefined {
  const named = wanted.map((id) => list.find((each) => each.portfolio_id === id));
  return named.find((each) => each !== undefined) ?? list.find((each) => each.as_of) ?? list[0];
}

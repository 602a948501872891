import { useEffect, useRef, useState } from "preact/hooks";

import { logInByLink, logOut, read } from "../api/client";
import type { ListedPortfolio, PagePortfolioList } from "../api/names";
import type { SummedPortfolios } from "../api/types";
import { go, useAddress } from "../state/address";
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
  const portfolios = useLoaded<PagePortfolioList>(`portfolios ${turn}`, () =>
    read("portfolios", {}, { limit: 1000, sort: "name" }),
  );
  const { own, problem } = useLoadedOwn();
  // A list that cannot be read again takes nothing away that is shown.
  const last = useRef<PagePortfolioList | null>(null);
  last.current = portfolios.value ?? last.current;
  const list = last.current?.items ?? [];
  const summary = useLoaded<SummedPortfolios>(list.length > 1 ? `summary ${turn}` : null, () =>
    read("portfolios/summary"),
  );
  const preferred = own?.preferences.default_portfolio_id;
  const chosen = own ? chosenOf(list, address["portfolio"], preferred) : undefined;
  useEffect(() => {
    if (chosen && address["portfolio"] !== chosen.portfolio_id) {
      go({ portfolio: chosen.portfolio_id }, true);
    }
  }, [chosen?.portfolio_id, address["portfolio"]]);
  const renew = () => setTurn(turn + 1);
  if (!own || !last.current) {
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
    </OwnContext.Provider>
  );
}

/** The one that the address names, or else the preferred one, or the first that there are figures of. */
function chosenOf(list: ListedPortfolio[], ...wanted: Array<string | null | undefined>): ListedPortfolio | undefined {
  const named = wanted.map((id) => list.find((each) => each.portfolio_id === id));
  return named.find((each) => each !== undefined) ?? list.find((each) => each.as_of) ?? list[0];
}

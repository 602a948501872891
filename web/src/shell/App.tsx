import { useEffect, useState } from "preact/hooks";

import { logInByLink, read } from "../api/client";
import type { ListedPortfolio, PagePortfolioList } from "../api/names";
import type { SummedPortfolios } from "../api/types";
import { go, useAddress } from "../state/address";
import { describe, onLoginNeeded, useLoaded } from "../state/loading";
import { BookPage, Shown } from "./BookPage";
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
  const list = portfolios.value?.items ?? [];
  const summary = useLoaded<SummedPortfolios>(list.length > 1 ? `summary ${turn}` : null, () =>
    read("portfolios/summary"),
  );
  const chosen = chosenOf(list, address["portfolio"]);
  useEffect(() => {
    if (chosen && address["portfolio"] !== chosen.portfolio_id) {
      go({ portfolio: chosen.portfolio_id }, true);
    }
  }, [chosen?.portfolio_id, address["portfolio"]]);
  if (chosen) {
    return (
      <BookPage
        portfolios={list}
        portfolio={chosen}
        summary={list.length > 1 ? summary.value : null}
        onNews={() => setTurn(turn + 1)}
        onLeft={onLeft}
      />
    );
  }
  if (portfolios.value) {
    return (
      <main class="first">
        <h1>Your first portfolio</h1>
        <Shown screen="import" onLoaded={() => setTurn(turn + 1)} />
      </main>
    );
  }
  return (
    <main class="alone">
      {portfolios.problem && <p role="alert">{portfolios.problem}</p>}
      {portfolios.loading && <p class="empty">Loading portfolios …</p>}
    </main>
  );
}

/** The one that the address names, or else the first that there are figures of. */
function chosenOf(list: ListedPortfolio[], wanted: string | undefined): ListedPortfolio | undefined {
  return list.find((each) => each.portfolio_id === wanted) ?? list.find((each) => each.as_of) ?? list[0];
}

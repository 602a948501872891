import { useEffect, useMemo, useState } from "preact/hooks";

import { logOut } from "../api/client";
import type { ListedPortfolio } from "../api/names";
import type { PortfolioReport, SummedPortfolios } from "../api/types";
import { sentence } from "../format";
import { go, useAddress } from "../state/address";
import { BookContext, loadReport, type Book } from "../state/book";
import { useProgress } from "../state/events";
import { useLoaded, useOld } from "../state/loading";
import { useOwn } from "../state/own";
import { isAboutTerms, isFree, loadOthers, neededPositions, screenOf, useScreen, type ScreenId, type ScreenProps } from "../state/screens";
import { AlertNews, Alerts, useUnseen } from "./Alerts";
import { AllPortfolios } from "./AllPortfolios";
import { CLOSED, Drawer } from "./Drawer";
import { Help } from "./Help";
import { useKeys } from "./keys";
import { Navigation } from "./Navigation";
import { Palette } from "./Palette";
import { Share } from "./Share";
import { Strip } from "./Strip";
import { isNewcomer, Tour } from "./Tour";

interface MeasuredProps extends ScreenProps {
  book: Book;
  screen: ScreenId;
}

/** Why a screen of measured figures has none: a heading, and a sentence where nothing is to be entered. */
function absence({ report }: Book, screen: ScreenId): [heading: string, sentence?: string] | null {
  const { reason, portfolio, positions, snapshot, as_of } = report;
  if (isAboutTerms(screen)) return null;
  if (reason) return portfolio.positions ? ["Not measured yet", sentence(reason)] : ["No positions yet"];
  const needed = neededPositions(screen);
  if (!needed || positions.length) return null;
  if (!portfolio.positions && !snapshot?.nav) return ["No positions yet"];
  return needed === "now" ? ["Nothing is held", `No position was held on ${as_of}, so there is nothing to show here.`] : null;
}

/** A screen of measured figures, or why there are none. */
function Measured({ book, screen, onLoaded }: MeasuredProps) {
  const [heading, why] = absence(book, screen) ?? [];
  return (
    <BookContext.Provider value={book}>
      {heading ? (
        <div class="card">
          <h2>{heading}</h2>
          <p>{why ?? "Import a file of positions or transactions, or enter them by hand."}</p>
          {!why && (
            <p class="buttons">
              <button type="button" class="primary" onClick={() => go({ screen: "import" })}>
                Import a file
              </button>
              <button type="button" onClick={() => go({ screen: "positions" })}>
                Enter by hand
              </button>
            </p>
          )}
        </div>
      ) : (
        <Shown screen={screen} onLoaded={onLoaded} />
      )}
      <Drawer />
    </BookContext.Provider>
  );
}

/** A screen as soon as its file is there. */
export function Shown({ screen, onLoaded }: ScreenProps & { screen: ScreenId }) {
  const { Screen, problem } = useScreen(screen);
  if (Screen) return <Screen onLoaded={onLoaded} />;
  return problem ? <p role="alert">{problem}</p> : <p class="empty">Loading …</p>;
}

/** What could not be loaded again stays; here is why it is old. */
function Old() {
  const reasons = useOld();
  if (!reasons.length) return null;
  return (
    <p role="alert" class="old">
      <strong>Not up to date:</strong> {reasons.join("; ")}. What is shown was loaded before; it is loaded again by
      itself.
    </p>
  );
}

/** What Escape closes: the figure in front, else the position behind it. */
function closing({ figure }: Record<string, string>): Record<string, undefined> {
  return figure ? CLOSED : { open: undefined, part: undefined, dialog: undefined };
}

interface Props {
  portfolios: ListedPortfolio[];
  portfolio: ListedPortfolio;
  summary: SummedPortfolios | null;
  onNews: () => void;
  onLeft: () => void;
}

/** One portfolio: navigation, the strip that is always visible, and a screen. */
export function BookPage({ portfolios, portfolio, summary, onNews, onLeft }: Props) {
  const address = useAddress();
  const asOf = address["as_of"];
  const screen = screenOf(address["screen"], useOwn().user.role);
  const progress = useProgress(portfolio.portfolio_id);
  const unseen = useUnseen(progress.alerts);
  const [open, setOpen] = useState<"palette" | "help" | "tour" | null>(() => (isNewcomer() ? "tour" : null));
  const [changes, setChanges] = useState(0);
  const version = progress.version + changes;
  const report = useLoaded<PortfolioReport>(
    `${portfolio.portfolio_id} ${asOf ?? "latest"}`,
    () => loadReport(portfolio.portfolio_id, asOf),
    version,
  );
  useEffect(() => {
    if (progress.news > 0) onNews();
  }, [progress.news]);
  useKeys({
    onPalette: () => setOpen("palette"),
    onHelp: () => setOpen("help"),
    onEscape: () => (open ? setOpen(null) : go(closing(address))),
  });
  const shown = report.value?.portfolio.portfolio_id === portfolio.portfolio_id ? report.value : null;
  const book = useMemo<Book | null>(
    () => shown && { portfolio, portfolios, report: shown, version, renew: () => setChanges((n) => n + 1), asOf },
    [shown, portfolio, portfolios, version, asOf],
  );
  useEffect(() => {
    if (shown) loadOthers();
  }, [shown !== null]);
  const leave = () => void logOut().finally(onLeft);
  return (
    <div class="shell" aria-busy={report.loading}>
      <Navigation
        portfolios={portfolios}
        portfolio={portfolio}
        summary={summary}
        screen={screen}
        alerts={unseen}
        onPalette={() => setOpen("palette")}
        onHelp={() => setOpen("help")}
        onTour={() => setOpen("tour")}
        onLeave={leave}
      />
      <div class="main">
        <Strip book={book} portfolio={portfolio} progress={progress} />
        <main id="screen" tabIndex={-1} aria-label={screen}>
          <Old />
          {report.problem && <p role="alert">{report.problem}</p>}
          {isFree(screen) ? (
            <>
              <Shown screen={screen} onLoaded={onNews} />
              <BookContext.Provider value={book}>
                <Drawer />
              </BookContext.Provider>
            </>
          ) : book ? (
            <Measured book={book} screen={screen} onLoaded={onNews} />
          ) : (
            !report.problem && <p class="empty">Loading the report …</p>
          )}
        </main>
      </div>
      {open === "palette" && (
        <Palette portfolios={portfolios} report={shown} onClose={() => setOpen(null)} />
      )}
      {open === "help" && <Help onClose={() => setOpen(null)} />}
      {open === "tour" && shown?.snapshot && <Tour onEnd={() => setOpen(null)} />}
      {address["dialog"] === "all" && summary && <AllPortfolios summary={summary} />}
      {address["dialog"] === "share" && <Share key={portfolio.portfolio_id} portfolio={portfolio} onLeft={onNews} />}
      {address["dialog"] === "alerts" && <Alerts portfolios={portfolios} latest={progress.alerts} />}
      <AlertNews portfolios={portfolios} latest={progress.alerts} report={shown} />
    </div>
  );
}

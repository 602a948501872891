import { useEffect, useRef, useState } from "preact/hooks";

import type { ListedPortfolio } from "../api/names";
import { go, useAddress } from "./address";
import { onPortfolioNotFound, type Loaded } from "./loading";

const IDLE_MILLISECONDS = 60_000;
const APART_MILLISECONDS = 10_000;

/**
 * Read the portfolios again when one is not found, when the user comes back to the page, and each
 * minute on the same screen: no event says that one was shared, or is shared no longer.
 */
export function useRenewal(renew: () => void): void {
  const address = useAddress();
  const renewed = useRef(Date.now());
  const soon = () => {
    if (document.hidden || Date.now() - renewed.current < APART_MILLISECONDS) return;
    renewed.current = Date.now();
    renew();
  };
  useEffect(() => {
    onPortfolioNotFound(renew);
    window.addEventListener("focus", soon);
    document.addEventListener("visibilitychange", soon);
    return () => {
      onPortfolioNotFound(() => undefined);
      window.removeEventListener("focus", soon);
      document.removeEventListener("visibilitychange", soon);
    };
  }, []);
  useEffect(() => {
    const idle = window.setInterval(soon, IDLE_MILLISECONDS);
    return () => window.clearInterval(idle);
  }, [address]);
}

/** What of the address belongs to its portfolio. */
const OF_PORTFOLIO = ["figure", "series", "position", "of", "shown", "open", "part", "dialog", "draft"];

/**
 * Why the portfolio of the address is not in the list, once a list that was read since lacks it: a
 * new one may be in the address before it is in the list. The address then names none.
 */
export function useGone(
  portfolios: Loaded<{ items: ListedPortfolio[] }>,
  renew: () => void,
): { gone: string | null; dismiss: () => void } {
  const wanted = useAddress()["portfolio"];
  const [gone, setGone] = useState<string | null>(null);
  const known = useRef(new Map<string, ListedPortfolio>());
  const looked = useRef<string | null>(null);
  const items = portfolios.value?.items;
  useEffect(() => {
    items?.forEach((each) => known.current.set(each.portfolio_id, each));
    if (!items || !wanted || items.some((each) => each.portfolio_id === wanted)) {
      looked.current = null;
    } else if (looked.current !== wanted) {
      looked.current = wanted;
      renew();
    } else if (!portfolios.loading) {
      setGone(sentenceOf(known.current.get(wanted)));
      go({ ...Object.fromEntries(OF_PORTFOLIO.map((part) => [part, undefined])), portfolio: undefined }, true);
    }
  }, [items, wanted, portfolios.loading]);
  return { gone, dismiss: () => setGone(null) };
}

function sentenceOf(portfolio: ListedPortfolio | undefined): string {
  if (!portfolio) return "The portfolio of this address is not shared with you, or was deleted.";
  return portfolio.access !== "owner"
    ? `${portfolio.name} of ${portfolio.owner_name} is no longer shared with you, or was deleted.`
    : `${portfolio.name} was deleted.`;
}

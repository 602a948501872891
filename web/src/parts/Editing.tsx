import type { ComponentChildren } from "preact";

import type { ListedPortfolio } from "../api/names";
import { useBook } from "../state/book";

interface Props {
  /** Says nothing in place of what is left out: something near it does. */
  quiet?: boolean;
  children: ComponentChildren;
}

/** What edits the portfolio; for one who may only read it, the reason in its place. */
export function Editing({ quiet = false, children }: Props) {
  const { portfolio } = useBook();
  if (mayEdit(portfolio)) return <>{children}</>;
  return quiet ? null : <p class="note">{readOnly(portfolio)}</p>;
}

export function mayEdit(portfolio: ListedPortfolio): boolean {
  return portfolio.access !== "viewer";
}

export function readOnly(portfolio: ListedPortfolio): string {
  return `${portfolio.owner_name} shares this portfolio with you to read it: ask them to share it for editing.`;
}

import { createContext } from "preact";
import { useContext } from "preact/hooks";

import { read } from "../api/client";
import type { LeftOut, ListedPortfolio, MetricOut, PortfolioReport } from "../api/types";

/** The portfolio on the session that the page shows. */
export interface Book {
  portfolio: ListedPortfolio;
  /** All of the user's. */
  portfolios: ListedPortfolio[];
  report: PortfolioReport;
  /** Raised by each run: what depends on results is loaded again with it. */
  version: number;
  /** Load what depends on results again: the page itself has changed something. */
  renew: () => void;
  /** As chosen in the address; undefined: the latest. */
  asOf: string | undefined;
}

export const BookContext = createContext<Book | null>(null);

export function useBook(): Book {
  const book = useContext(BookContext);
  if (!book) throw new Error("a screen is outside of its portfolio");
  return book;
}

export function loadReport(portfolioId: string, asOf: string | undefined): Promise<PortfolioReport> {
  return read("portfolios/{portfolio_id}/report", { portfolio_id: portfolioId }, { as_of: asOf });
}

export function metric(report: PortfolioReport, name: string): MetricOut | undefined {
  for (const group of report.metrics.groups) {
    const found = group.metrics.find((each) => each.metric === name);
    if (found) return found;
  }
  return undefined;
}

/** What the API calls a figure of the report. */
export function titleOf(report: PortfolioReport, name: string): string {
  return metric(report, name)?.title ?? name;
}

/** What the parts of a scenario's P&L are called that no factor has. */
const PARTS: Record<string, string> = {
  interest_rate: "Interest rate",
  volatility: "Volatility",
  nonlinear: "Beyond delta",
};

/** What a part of a scenario is called: factors by their names of the API. */
export function factorName(report: PortfolioReport, factor: string): string {
  return report.factors.factors.find((each) => each.factor === factor)?.name ?? PARTS[factor] ?? factor;
}

export interface Missing extends LeftOut {
  part: string;
}

/** Every position that some part of the report does not contain, and why. */
export function missingFrom(report: PortfolioReport): Missing[] {
  const parts: Array<[string, LeftOut[]]> = [
    ["exposures", report.left_out],
    ["Greeks", report.greeks.left_out],
    ["factors", report.factors.left_out],
    ["VaR", report.metrics.left_out],
    ["scenarios", report.stress.left_out],
  ];
  return parts.flatMap(([part, left]) => left.map((each) => ({ ...each, part })));
}

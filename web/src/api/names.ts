import type { Reads } from "./types";

/** Answers by what they are, where their generated names are long. */
export type PagePortfolioList = Reads["portfolios"];
export type ListedPortfolio = PagePortfolioList["items"][number];
export type PositionList = Reads["positions"];
export type Position = PositionList["items"][number];
export type Groups = Reads["positions/grouped"];
export type Changes = Reads["portfolios/{portfolio_id}/changes"];
export type Backtest = Reads["portfolios/{portfolio_id}/var-backtest"];
export type Vectors = Reads["portfolios/{portfolio_id}/pnl-vectors"];
export type DataQuality = Reads["market-data/quality/{portfolio_id}"];
export type OwnRuns = Reads["me/runs"];

import { write } from "./client";
import type { NewShare, ShareOut } from "./types";

export async function sharePortfolio(portfolioId: string, wanted: NewShare): Promise<ShareOut> {
  return (await write("PUT", `portfolios/${portfolioId}/shares`, wanted)) as ShareOut;
}

/** By its owner, or by the user themselves, who leaves it. */
export async function unsharePortfolio(portfolioId: string, userId: string): Promise<void> {
  await write("DELETE", `portfolios/${portfolioId}/shares/${userId}`);
}

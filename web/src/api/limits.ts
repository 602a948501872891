import { write } from "./client";
import type { Acknowledgement, LimitTrial, NewLimit, Waiver } from "./types";

/** Nothing is written: the limit is tried on the stored sessions of one portfolio. */
export async function tryLimit(limit: NewLimit, portfolioId: string): Promise<LimitTrial> {
  return (await write("POST", `limits/test?portfolio_id=${portfolioId}`, limit)) as LimitTrial;
}

export async function tryStoredLimit(limitId: string, portfolioId: string): Promise<LimitTrial> {
  return (await write("POST", `limits/${limitId}/test?portfolio_id=${portfolioId}`)) as LimitTrial;
}

export async function setLimit(limit: NewLimit): Promise<void> {
  await write("POST", "limits", limit);
}

export async function changeLimit(limitId: string, limit: NewLimit): Promise<void> {
  await write("PUT", `limits/${limitId}`, limit);
}

export async function acknowledgeLimit(limitId: string, wanted: Acknowledgement): Promise<void> {
  await write("POST", `limits/${limitId}/acknowledge`, wanted);
}

export async function waiveLimit(limitId: string, wanted: Waiver): Promise<void> {
  await write("POST", `limits/${limitId}/waive`, wanted);
}

export async function deleteLimit(limitId: string): Promise<void> {
  await write("DELETE", `limits/${limitId}`);
}

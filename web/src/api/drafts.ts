import { addressOf, write } from "./client";
import type {
  BookingOut,
  DraftCurves,
  DraftOut,
  DraftWithTrades,
  NewDraft,
  NewTrade,
  NewTrades,
  SuggestionsOut,
  WantedDraftCurve,
  WantedSuggestions,
} from "./types";

const SESSIONS = "modelling/sessions";

/** A draft with the version that a change is of: 412 where another tab has changed it meanwhile. */
export type Known = Pick<DraftOut, "draft_id" | "version">;

const versionOf = (draft: Known) => ({ "If-Match": `"${draft.version}"` });

export async function createDraft(wanted: NewDraft): Promise<DraftOut> {
  return (await write("POST", SESSIONS, wanted)) as DraftOut;
}

export async function renameDraft(draft: Known, name: string, note: string): Promise<DraftOut> {
  return (await write("PATCH", `${SESSIONS}/${draft.draft_id}`, { name, note }, versionOf(draft))) as DraftOut;
}

export async function discardDraft(draftId: string): Promise<void> {
  await write("DELETE", `${SESSIONS}/${draftId}`);
}

export async function addTrades(draft: Known, wanted: NewTrades): Promise<DraftWithTrades> {
  return (await write("POST", `${SESSIONS}/${draft.draft_id}/trades`, wanted, versionOf(draft))) as DraftWithTrades;
}

export async function replaceTrade(draft: Known, tradeId: string, wanted: NewTrade): Promise<DraftWithTrades> {
  const path = `${SESSIONS}/${draft.draft_id}/trades/${tradeId}`;
  return (await write("PUT", path, wanted, versionOf(draft))) as DraftWithTrades;
}

export async function removeTrade(draft: Known, tradeId: string): Promise<DraftWithTrades> {
  const path = `${SESSIONS}/${draft.draft_id}/trades/${tradeId}`;
  return (await write("DELETE", path, undefined, versionOf(draft))) as DraftWithTrades;
}

export async function calculateDraft(draftId: string): Promise<DraftOut> {
  return (await write("POST", `${SESSIONS}/${draftId}/calculate`)) as DraftOut;
}

export async function rebaseDraft(draft: Known): Promise<DraftWithTrades> {
  return (await write("POST", `${SESSIONS}/${draft.draft_id}/rebase`, {}, versionOf(draft))) as DraftWithTrades;
}

export async function saveDraft(draft: Known, name: string): Promise<DraftOut> {
  return (await write("POST", `${SESSIONS}/${draft.draft_id}/save`, { name }, versionOf(draft))) as DraftOut;
}

export async function suggestTrades(draftId: string, wanted: WantedSuggestions): Promise<SuggestionsOut> {
  return (await write("POST", `${SESSIONS}/${draftId}/suggestions`, wanted)) as SuggestionsOut;
}

/** Nothing is written: the portfolio and the draft are repriced at the same moves of spot. */
export async function evaluateDraftCurve(draftId: string, wanted: WantedDraftCurve): Promise<DraftCurves> {
  return (await write("POST", `${SESSIONS}/${draftId}/curve`, wanted)) as DraftCurves;
}

/** Without the hash of a dry run: what would be written. With it: write exactly that. */
export async function bookDraft(draftId: string, hash: string | null): Promise<BookingOut> {
  const wanted = hash ? { dry_run: false, hash } : { dry_run: true };
  return (await write("POST", `${SESSIONS}/${draftId}/book`, wanted)) as BookingOut;
}

/** Where the browser downloads a draft's trades from. */
export function exportAddress(draftId: string, format: "csv" | "json" | "fix"): string {
  return addressOf("modelling/sessions/{draft_id}/export", { draft_id: draftId }, { format });
}

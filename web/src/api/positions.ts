import { write } from "./client";
import type {
  NewPosition,
  NewTag,
  NewTransaction,
  PositionEdit,
  PositionSaved,
  SummedPositions,
  TagEdit,
  TagOut,
  TransactionsSaved,
  WantedSums,
} from "./types";

/** Nothing is written: the API adds up. */
export async function sumPositions(wanted: WantedSums): Promise<SummedPositions> {
  return (await write("POST", "positions/sums", wanted)) as SummedPositions;
}

export async function createPosition(wanted: NewPosition): Promise<PositionSaved> {
  return (await write("POST", "positions", wanted)) as PositionSaved;
}

export async function editPosition(positionId: string, changes: PositionEdit): Promise<PositionSaved> {
  return (await write("PUT", `positions/${positionId}`, changes)) as PositionSaved;
}

export async function deletePosition(positionId: string): Promise<void> {
  await write("DELETE", `positions/${positionId}`);
}

export async function tagPosition(positionId: string, tags: string[]): Promise<PositionSaved> {
  return (await write("PUT", `positions/${positionId}/tags`, { tags })) as PositionSaved;
}

export async function createTag(tag: NewTag): Promise<TagOut> {
  return (await write("POST", "tags", tag)) as TagOut;
}

export async function editTag(tagId: string, changes: TagEdit): Promise<TagOut> {
  return (await write("PUT", `tags/${tagId}`, changes)) as TagOut;
}

export async function deleteTag(tagId: string): Promise<void> {
  await write("DELETE", `tags/${tagId}`);
}

export async function enterTransaction(portfolioId: string, line: NewTransaction): Promise<TransactionsSaved> {
  const path = `portfolios/${portfolioId}/transactions`;
  return (await write("POST", path, { transactions: [line] })) as TransactionsSaved;
}

export async function reverseTransaction(portfolioId: string, transactionId: string): Promise<TransactionsSaved> {
  const path = `portfolios/${portfolioId}/transactions/${transactionId}/reverse`;
  return (await write("POST", path)) as TransactionsSaved;
}

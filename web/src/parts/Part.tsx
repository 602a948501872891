import type { ComponentChildren } from "preact";

import { Figure } from "./Figure";

interface Props {
  /** The name in the API's definitions. */
  measure: string;
  /** What it is of: a cell, an expiry, a scenario of another portfolio. */
  about: string;
  /** In full. */
  amount: string;
  tone?: "gain" | "loss" | "";
  /** As the screen shortens it. */
  children?: ComponentChildren;
}

/** A number that no series of the API has. */
export function Part({ measure, about, amount, tone = "", children }: Props) {
  if (amount === "–") return <>–</>;
  return (
    <Figure measure={measure} of={about} full={amount} tone={tone}>
      {children ?? amount}
    </Figure>
  );
}

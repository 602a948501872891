import type { ComponentChildren } from "preact";

import { go } from "../state/address";

interface Props {
  /** The name in the API's definitions. */
  measure: string;
  /** The name in the API's series, where it is another. */
  series?: string | undefined;
  position?: string | undefined;
  tone?: "gain" | "loss" | "";
  children: ComponentChildren;
}

/** A number that says on a click what it is and how it came to be. */
export function Figure({ measure, series, position, tone = "", children }: Props) {
  const open = (event: preact.TargetedEvent<HTMLElement>) => {
    event.stopPropagation();
    go({ figure: measure, series, position, shown: event.currentTarget.textContent ?? undefined });
  };
  return (
    <button type="button" class={`figure ${tone}`} onClick={open}>
      {children}
    </button>
  );
}

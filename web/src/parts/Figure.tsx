import type { ComponentChildren } from "preact";

import { go } from "../state/address";

interface Props {
  /** The name in the API's definitions. */
  measure: string;
  /** The name in the API's series, where it is another. */
  series?: string | undefined;
  position?: string | undefined;
  /** What it is of, where that is neither the portfolio nor a position: a group, a lot. */
  of?: string | undefined;
  /** The number in full, where the screen shortens it. */
  full?: string | undefined;
  tone?: "gain" | "loss" | "";
  /** Reached by the arrows of a grid, not by the tabulator. */
  untabbed?: boolean;
  children: ComponentChildren;
}

/** A number that says on a click what it is and how it came to be. */
export function Figure({ measure, series, position, of, full, tone = "", untabbed = false, children }: Props) {
  const open = (event: preact.TargetedEvent<HTMLElement>) => {
    event.stopPropagation();
    go({ figure: measure, series, position, of, shown: full ?? event.currentTarget.textContent ?? undefined });
  };
  return (
    <button type="button" class={`figure ${tone}`} tabIndex={untabbed ? -1 : undefined} onClick={open}>
      {children}
    </button>
  );
}

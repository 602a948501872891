import type { ComponentChildren } from "preact";

import { sentence } from "../format";

export interface Bar {
  key: string;
  label: ComponentChildren;
  value: number;
  text: ComponentChildren;
}

interface Props {
  bars: Bar[];
  empty: string;
  /** Sizes of a risk: more is no gain, and below zero is a hedge. */
  sizes?: boolean;
}

/** Amounts side by side, each with its number; zero is in the middle where signs differ. */
export function Bars({ bars, empty, sizes = false }: Props) {
  if (!bars.length) return <p class="empty">{sentence(empty)}</p>;
  const longest = Math.max(...bars.map((bar) => Math.abs(bar.value)), 1e-12);
  const both = bars.some((bar) => bar.value < 0) && bars.some((bar) => bar.value > 0);
  const room = both ? 50 : 100;
  return (
    <ul class="bars">
      {bars.map((bar) => {
        const width = (Math.abs(bar.value) / longest) * room;
        const start = both ? (bar.value < 0 ? 50 - width : 50) : 0;
        return (
          <li key={bar.key}>
            <span class="label">{bar.label}</span>
            <span class="track" aria-hidden="true">
              <i
                class={sizes ? (bar.value < 0 ? "gain" : "size") : bar.value < 0 ? "loss" : "gain"}
                style={{ left: `${start}%`, width: `${width}%` }}
              />
              {both && <b />}
            </span>
            <span class="value">{bar.text}</span>
          </li>
        );
      })}
    </ul>
  );
}

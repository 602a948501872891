import type { ComponentChildren } from "preact";

import { sentence } from "../format";

export interface Step {
  key: string;
  label: ComponentChildren;
  value: number;
  text: ComponentChildren;
}

interface Props {
  steps: Step[];
  total: Step;
  empty: string;
}

/**
 * Parts one below the other, each bar from where the one before it ended, and their total. Where a
 * bar begins is drawn and never shown as a number.
 */
export function Waterfall({ steps, total, empty }: Props) {
  if (!steps.length) return <p class="empty">{sentence(empty)}</p>;
  const spans = [...spansOf(steps), { step: total, from: 0, to: total.value }];
  const ends = spans.flatMap(({ from, to }) => [from, to]);
  const lowest = Math.min(...ends, 0);
  const room = Math.max(...ends, 0) - lowest || 1;
  const place = (amount: number) => ((amount - lowest) / room) * 100;
  return (
    <ul class="bars waterfall">
      {spans.map(({ step, from, to }) => (
        <li key={step.key} class={step === total ? "total" : undefined}>
          <span class="label">{step.label}</span>
          <span class="track" aria-hidden="true">
            <i
              class={step === total ? "size" : step.value < 0 ? "loss" : "gain"}
              style={{ left: `${place(Math.min(from, to))}%`, width: `${place(Math.max(from, to)) - place(Math.min(from, to))}%` }}
            />
            <b style={{ left: `${place(0)}%` }} />
          </span>
          <span class="value">{step.text}</span>
        </li>
      ))}
    </ul>
  );
}

function spansOf(steps: Step[]): Array<{ step: Step; from: number; to: number }> {
  let end = 0;
  return steps.map((step) => {
    const from = end;
    end += step.value;
    return { step, from, to: end };
  });
}

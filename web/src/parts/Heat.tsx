import type { ComponentChildren } from "preact";

interface Props {
  /** What the colour is of; null: no colour. */
  value: number | null | undefined;
  /** The largest size among the cells that are compared. */
  most: number;
  class?: string;
  children: ComponentChildren;
}

/** A cell whose colour repeats what its number says: gain or loss, and how much of the largest. */
export function Heat({ value, most, class: more = "", children }: Props) {
  const amount = value ?? 0;
  const strength = Math.round(48 * Math.sqrt(Math.min(Math.abs(amount) / (most || 1), 1)));
  const colour = amount < 0 ? "var(--loss)" : "var(--gain)";
  const style = strength ? { background: `color-mix(in srgb, ${colour} ${strength}%, var(--panel))` } : {};
  return (
    <td class={`number ${more}`} style={style}>
      {children}
    </td>
  );
}

export function largest(values: Array<number | null | undefined>): number {
  return Math.max(...values.map((each) => Math.abs(each ?? 0)), 1e-9);
}

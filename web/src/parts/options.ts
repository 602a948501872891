import type { Colours } from "./Chart";
import { money } from "../format";

/** Parts that the pictures share. Tooltips are drawn: HTML ones would need inline styles. */

export function tooltip(own: Colours, trigger: "axis" | "item") {
  return {
    trigger,
    renderMode: "richText" as const,
    backgroundColor: own.panel,
    borderColor: own.line,
    textStyle: { color: own.text, fontSize: 12 },
  };
}

export function days(own: Colours, dates: string[]) {
  return {
    type: "category" as const,
    data: dates,
    axisLabel: { color: own.dim, hideOverlap: true },
    axisLine: { lineStyle: { color: own.line } },
    axisTick: { show: false },
  };
}

export function dollars(own: Colours) {
  return {
    type: "value" as const,
    scale: true,
    axisLabel: { color: own.dim, formatter: (value: number) => money(value, { compact: true }) },
    splitLine: { lineStyle: { color: own.line } },
  };
}

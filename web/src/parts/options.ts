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

export function plainNumbers(own: Colours) {
  return {
    type: "value" as const,
    scale: true,
    axisLabel: { color: own.dim },
    splitLine: { lineStyle: { color: own.line } },
  };
}

/** Dollars from left to right, between two bounds. */
export function dollarsAlong(own: Colours, min: number | undefined, max: number | undefined) {
  const axis = dollars(own);
  return {
    ...axis,
    min,
    max,
    axisLabel: { ...axis.axisLabel, showMinLabel: false, showMaxLabel: false, hideOverlap: true },
    splitLine: { show: false },
    axisLine: { lineStyle: { color: own.line } },
  };
}

/** Colours of parts that stand side by side, apart from gain and loss; their names are in the legend. */
export function partColours(own: Colours): string[] {
  return [own.accent, "#d98324", "#8e6bd8", "#1fa7a0", "#c75b9b", "#8a9a2b", "#b9724a", "#5f8f6e", "#7d87d6"];
}

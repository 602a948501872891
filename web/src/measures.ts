/** Whether more of a measure is good, in one place: what colours a number or a change. */

import { tone, type Amount } from "./format";

/** A drawdown and fees are never positive: more is nearer to none. */
const LARGER_IS_BETTER =
  /^(nav|fees|income|drawdown|max_drawdown|effective_positions|.*_return|money_weighted|performance_.*|(sharpe|sortino)_.*|(.*_)?pnl)$/;
const LARGER_IS_WORSE =
  /^((var|es)_\d.*|component_(var|es)|volatility_\d+d|hhi|top_\d+_weight|concentration|overall_correlation)$/;

/** 1: larger is better; -1: larger is worse; 0: neither, as of exposures, betas and Greeks. */
function direction(measure: string): 1 | 0 | -1 {
  const [name = ""] = measure.split("."); // `volatility_63d.longs` is of one side
  if (LARGER_IS_BETTER.test(name)) return 1;
  return LARGER_IS_WORSE.test(name) ? -1 : 0;
}

/** The colour of a change of the measure: more risk is a loss, more exposure is neither. */
export function changeTone(measure: string, change: Amount): ReturnType<typeof tone> {
  return tone((change ?? 0) * direction(measure));
}

/** The colour of the measure itself: of amounts that are won or lost, and of nothing else. */
export function levelTone(measure: string, value: Amount): ReturnType<typeof tone> {
  return direction(measure) === 1 ? tone(value) : "";
}

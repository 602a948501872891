import type { ExpirySmile } from "../api/types";
import { number, percent } from "../format";

/** The volatility that a position is valued with. */
export interface Used {
  name: string;
  strike: number;
  volatility: number;
  quantity: number;
  source: string;
}

const WIDTH = 280;
const HEIGHT = 150;
const LEFT = 40;
const BOTTOM = 20;
const TOP = 8;
const RIGHT = 8;

interface Props {
  smile: ExpirySmile;
  used: Used[];
  /** Lowest and highest volatility of the scale. */
  range: [number, number];
}

/** Volatility by strike of one expiry. */
export function SmilePicture({ smile, used, range }: Props) {
  const strikes = [...smile.quotes.map((each) => each.strike), ...used.map((each) => each.strike)];
  const lowest = Math.min(...strikes);
  const span = Math.max(...strikes) - lowest;
  const padded = span || lowest * 0.2;
  const x = (strike: number) => LEFT + 10 + ((strike - lowest + (span ? 0 : padded / 2)) / padded) * (WIDTH - LEFT - RIGHT - 20);
  const y = (volatility: number) => TOP + (1 - (volatility - range[0]) / (range[1] - range[0])) * (HEIGHT - TOP - BOTTOM);
  const middle = (range[0] + range[1]) / 2;
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`Volatility by strike, ${smile.expiry}`}>
      {[range[0], middle, range[1]].map((level) => (
        <g key={level}>
          <line class="rule" x1={LEFT} x2={WIDTH - RIGHT} y1={y(level)} y2={y(level)} />
          <text x={LEFT - 4} y={y(level) + 3} text-anchor="end">
            {Math.round(level * 100)}%
          </text>
        </g>
      ))}
      {span > 0 && (
        <text x={x(lowest + span)} y={HEIGHT - 5} text-anchor="end">
          {number(lowest + span)}
        </text>
      )}
      <text x={x(lowest)} y={HEIGHT - 5} text-anchor={span > 0 ? "start" : "middle"}>
        {number(lowest)}
      </text>
      {smile.forward !== null && smile.forward >= lowest && smile.forward <= lowest + span && (
        <line class="forward" x1={x(smile.forward)} x2={x(smile.forward)} y1={TOP} y2={HEIGHT - BOTTOM}>
          <title>forward {number(smile.forward)}</title>
        </line>
      )}
      {smile.quotes.map((each) => {
        if (each.volatility === null) return null;
        const low = Math.max(each.bid_volatility ?? each.volatility, range[0]);
        const high = Math.min(each.ask_volatility ?? each.volatility, range[1]);
        return (
          <g key={each.contract} class={each.fitted ? "quote" : "quote other"}>
            <line x1={x(each.strike)} x2={x(each.strike)} y1={y(low)} y2={y(high)} />
            <circle cx={x(each.strike)} cy={y(each.volatility)} r={2.2}>
              <title>
                {each.option_type === "C" ? "call" : "put"} {number(each.strike)}: {percent(each.volatility)}
              </title>
            </circle>
          </g>
        );
      })}
      {smile.fit && (
        <polyline
          class="fit"
          points={smile.fit.strikes.map((strike, place) => `${x(strike)},${y(smile.fit?.fitted_volatilities[place] ?? 0)}`).join(" ")}
        />
      )}
      {used.map((each) => (
        <path
          key={each.name}
          class={each.quantity < 0 ? "short" : "long"}
          d={marker(x(each.strike), y(each.volatility), each.quantity < 0)}
        >
          <title>
            {each.name}: {percent(each.volatility)}, {each.source}
          </title>
        </path>
      ))}
    </svg>
  );
}

/** Up for long, down for short: the shape says what the colour does. */
function marker(x: number, y: number, down: boolean): string {
  const tip = down ? 5 : -5;
  return `M${x},${y + tip}L${x - 5},${y - tip * 0.7}L${x + 5},${y - tip * 0.7}Z`;
}

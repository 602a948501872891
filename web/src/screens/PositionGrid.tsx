import { useEffect, useRef, useState } from "preact/hooks";

import { money, number, percent, tone } from "../format";
import { go } from "../state/address";
import { COLUMNS } from "./columns";
import type { Line, Row } from "./rows";
import { nextSort } from "./sorting";

const ROW_HEIGHT = 32;
const MORE = 8;

interface Props {
  lines: Line[];
  sort: string | undefined;
  closed: ReadonlySet<string>;
  onToggle: (group: string) => void;
}

/** Only the rows in sight, and a few more, are in the document: thousands scroll like twenty. */
export function PositionGrid({ lines, sort, closed, onToggle }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ first: 0, count: 40 });
  const look = () => {
    const box = place.current;
    if (!box) return;
    const first = Math.max(0, Math.floor(box.scrollTop / ROW_HEIGHT) - MORE);
    const count = Math.ceil(box.clientHeight / ROW_HEIGHT) + 2 * MORE;
    setSeen((before) => (before.first === first && before.count === count ? before : { first, count }));
  };
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const observer = new ResizeObserver(look);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  const first = Math.min(seen.first, Math.max(0, lines.length - seen.count));
  const shown = lines.slice(first, first + seen.count);
  const after = Math.max(0, lines.length - first - shown.length);
  return (
    <div ref={place} class="scroll rows" tabIndex={0} role="region" aria-label="Grid of positions" onScroll={look}>
      <table aria-rowcount={lines.length + 1}>
        <Head sort={sort} />
        <tbody>
          {first > 0 && <Space height={first * ROW_HEIGHT} />}
          {shown.map((line, number) => (
            <LineRow
              key={line.kind === "row" ? line.row.position_id : `group ${line.group.name}`}
              line={line}
              number={first + number + 2}
              closed={closed}
              onToggle={onToggle}
            />
          ))}
          {after > 0 && <Space height={after * ROW_HEIGHT} />}
        </tbody>
      </table>
      {!lines.length && <p class="empty">No position matches.</p>}
    </div>
  );
}

function Space({ height }: { height: number }) {
  return (
    <tr aria-hidden="true" class="space">
      <td colSpan={COLUMNS.length} style={{ height: `${height}px` }} />
    </tr>
  );
}

function Head({ sort }: { sort: string | undefined }) {
  return (
    <thead>
      <tr>
        {COLUMNS.map((column) => {
          const sorted = sort === column.id ? "ascending" : sort === `-${column.id}` ? "descending" : "none";
          return (
            <th key={column.id} scope="col" aria-sort={sorted} class={column.numeric ? "number" : ""}>
              <button type="button" onClick={() => go({ sort: nextSort(sort, column.id) }, true)}>
                {column.name}
                <span aria-hidden="true">{{ ascending: " ▲", descending: " ▼", none: "" }[sorted]}</span>
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

interface LineProps {
  line: Line;
  number: number;
  closed: ReadonlySet<string>;
  onToggle: (group: string) => void;
}

function LineRow({ line, number: place, closed, onToggle }: LineProps) {
  if (line.kind === "row") return <PositionRow row={line.row} place={place} />;
  const { group, shown } = line;
  const sums: Record<string, preact.ComponentChildren> = {
    market_value: money(group.market_value),
    weight: percent(group.weight),
    daily_pnl: <span class={tone(group.daily_pnl)}>{money(group.daily_pnl, { plus: true })}</span>,
    unrealised_pnl: <span class={tone(group.unrealised_pnl)}>{money(group.unrealised_pnl, { plus: true })}</span>,
    delta_adjusted_exposure: money(group.exposures.delta_adjusted?.net),
    theta: money(group.greeks.theta, { plus: true }),
    vega: money(group.greeks.vega, { plus: true }),
  };
  return (
    <tr class="group" aria-rowindex={place}>
      <th scope="row">
        <button type="button" aria-expanded={!closed.has(group.name)} onClick={() => onToggle(group.name)}>
          <span aria-hidden="true">{closed.has(group.name) ? "▸" : "▾"}</span> {group.name}{" "}
          <small>
            {shown < group.positions ? `${number(shown, 0)} of ` : ""}
            {number(group.positions, 0)}
          </small>
        </button>
      </th>
      {COLUMNS.slice(1).map((column) => (
        <td key={column.id} class={column.numeric ? "number" : ""}>
          {sums[column.id]}
        </td>
      ))}
    </tr>
  );
}

function PositionRow({ row, place }: { row: Row; place: number }) {
  return (
    <tr aria-rowindex={place}>
      {COLUMNS.map((column) => (
        <td key={column.id} class={column.numeric ? "number" : ""}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { PositionSums } from "../../api/types";
import { number } from "../../format";
import { go } from "../../state/address";
import type { GridColumn } from "./columns";
import { GroupRow, PositionRow, Sums } from "./GridRows";
import type { Line, Row } from "./rows";
import { nextSort } from "./sorting";

const ROW_HEIGHT = 32;
const MORE = 8;

export interface Cell {
  line: number;
  column: number;
}

interface Props {
  lines: Line[];
  columns: GridColumn[];
  sort: string | undefined;
  closed: ReadonlySet<string>;
  /** Of all positions shown; null until they are added up. */
  sums: PositionSums | null;
  /** Whether the sums are of what is shown; else they are being added up. */
  settled: boolean;
  loading: boolean;
  table: RefObject<HTMLTableElement | null>;
  /** The positions that are chosen for what is done with many of them, by their ids. */
  marked: ReadonlySet<string>;
  onMark: (row: Row) => void;
  onToggle: (group: string) => void;
  onOpen: (row: Row) => void;
}

/**
 * Only the rows in sight, and a few more, are in the document: thousands scroll like twenty. Arrows
 * go from cell to cell, Enter opens the position, the space bar explains the number, x marks it.
 */
export function Grid({ lines, columns, sort, closed, sums, settled, loading, table, marked, onMark, onToggle, onOpen }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ first: 0, count: 40 });
  const [here, setHere] = useState<Cell | null>(null);
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
  const last = Math.max(lines.length - 1, 0);
  const at = here && { line: Math.min(here.line, last), column: Math.min(here.column, columns.length - 1) };
  const move = (next: Cell) => {
    const to = {
      line: Math.min(Math.max(next.line, 0), last),
      column: Math.min(Math.max(next.column, 0), columns.length - 1),
    };
    setHere(to);
    bringIntoSight(place.current, to.line);
  };
  useEffect(() => {
    if (at) document.getElementById(cellId(at))?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [at?.line, at?.column]);
  const act = (line: Line | undefined) => {
    if (line?.kind === "row") onOpen(line.row);
    else if (line) onToggle(line.group.name);
  };
  const pressed = (event: KeyboardEvent) => {
    if (!at || event.target !== event.currentTarget || event.altKey || event.metaKey) return;
    const line = lines[at.line];
    const page = Math.max(1, seen.count - 2 * MORE - 3);
    const to = target(event, at, page, last, columns.length - 1);
    const folds = line?.kind === "group" && foldsBy(event.key, closed.has(line.group.name));
    if (folds) onToggle(line.group.name);
    else if (to) move(to);
    else if (event.key === "Enter") act(line);
    else if (event.key === "x" && line?.kind === "row") onMark(line.row);
    else if (event.key === " ") document.getElementById(cellId(at))?.querySelector("button")?.click();
    else return;
    event.preventDefault();
  };
  const first = Math.min(seen.first, Math.max(0, lines.length - seen.count));
  const shown = lines.slice(first, first + seen.count);
  const after = Math.max(0, lines.length - first - shown.length);
  return (
    <div ref={place} class="scroll rows" onScroll={look}>
      <table
        ref={table}
        role="grid"
        tabIndex={0}
        aria-label="Grid of positions"
        aria-rowcount={lines.length + 1}
        aria-activedescendant={at ? cellId(at) : undefined}
        onKeyDown={pressed}
        onFocus={() => setHere((before) => before ?? { line: 0, column: 0 })}
      >
        <colgroup>
          {columns.map((column) => (
            <col key={column.id} style={{ width: `${column.width}px` }} />
          ))}
        </colgroup>
        <Head columns={columns} sort={sort} />
        <tbody>
          {first > 0 && <Space height={first * ROW_HEIGHT} columns={columns.length} />}
          {shown.map((line, number) => {
            const own = first + number;
            const column = at?.line === own ? at.column : -1;
            const enter = (cell: number) => setHere({ line: own, column: cell });
            return line.kind === "row" ? (
              <PositionRow
                key={line.row.position_id + own}
                row={line.row}
                columns={columns}
                line={own}
                active={column}
                marked={marked.has(line.row.position_id)}
                onMark={onMark}
                onEnter={enter}
                onOpen={onOpen}
              />
            ) : (
              <GroupRow
                key={`group ${line.group.name}`}
                group={line.group}
                columns={columns}
                line={own}
                active={column}
                settled={settled}
                closed={closed.has(line.group.name)}
                onToggle={onToggle}
              />
            );
          })}
          {after > 0 && <Space height={after * ROW_HEIGHT} columns={columns.length} />}
        </tbody>
        {lines.length > 0 && (
          <tfoot>
            <tr>
              <th scope="row">
                {sums ? `${number(sums.positions, 0)} ${sums.positions === 1 ? "position" : "positions"}` : "Adding up …"}
              </th>
              <Sums sums={sums} columns={columns} of="the positions shown" />
            </tr>
          </tfoot>
        )}
      </table>
      {!lines.length && <p class="empty">{loading ? "Loading …" : "No position matches."}</p>}
    </div>
  );
}

export function cellId({ line, column }: Cell): string {
  return `cell-${line}-${column}`;
}

/** A line that is far away is not in the document yet: scroll by its number. */
function bringIntoSight(box: HTMLElement | null, line: number): void {
  if (!box) return;
  const above = line * ROW_HEIGHT;
  const room = box.clientHeight - 3 * ROW_HEIGHT;
  if (above < box.scrollTop) box.scrollTop = above;
  else if (above > box.scrollTop + room) box.scrollTop = above - room;
}

function target(event: KeyboardEvent, { line, column }: Cell, page: number, last: number, end: number): Cell | undefined {
  const whole = event.ctrlKey;
  const moves: Record<string, Cell> = {
    ArrowDown: { line: line + 1, column },
    ArrowUp: { line: line - 1, column },
    ArrowRight: { line, column: column + 1 },
    ArrowLeft: { line, column: column - 1 },
    PageDown: { line: line + page, column },
    PageUp: { line: line - page, column },
    Home: whole ? { line: 0, column } : { line, column: 0 },
    End: whole ? { line: last, column } : { line, column: end },
  };
  return moves[event.key];
}

function foldsBy(key: string, closed: boolean): boolean {
  return key === (closed ? "ArrowRight" : "ArrowLeft");
}

function Space({ height, columns }: { height: number; columns: number }) {
  return (
    <tr aria-hidden="true" class="space">
      <td colSpan={columns} style={{ height: `${height}px` }} />
    </tr>
  );
}

function Head({ columns, sort }: { columns: GridColumn[]; sort: string | undefined }) {
  return (
    <thead>
      <tr>
        {columns.map((column) => {
          const direction = sort === column.id ? "ascending" : sort === `-${column.id}` ? "descending" : "none";
          return (
            <th key={column.id} scope="col" aria-sort={direction} class={column.kind === "number" ? "number" : ""}>
              <button
                type="button"
                title={column.hint}
                aria-description={column.hint}
                onClick={() => go({ sort: nextSort(sort, column.id) }, true)}
              >
                {column.name}
                <span aria-hidden="true">{{ ascending: " ▲", descending: " ▼", none: "" }[direction]}</span>
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

import { Component } from "preact";

import type { PositionSums, SummedGroup } from "../../api/types";
import { number } from "../../format";
import { levelTone } from "../../measures";
import { Figure } from "../../parts/Figure";
import { written, type GridColumn } from "./columns";
import { cellId } from "./Grid";
import type { Row } from "./rows";

interface RowProps {
  row: Row;
  columns: GridColumn[];
  line: number;
  /** The column of the active cell; -1: it is in another row. */
  active: number;
  marked: boolean;
  onMark: (row: Row) => void;
  onEnter: (column: number) => void;
  onOpen: (row: Row) => void;
}

/** Drawn again only when something of it changed: scrolling draws no row twice. */
export class PositionRow extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const { row, columns, line, active, marked } = this.props;
    const same = next.row === row && next.columns === columns && next.line === line;
    return !same || next.active !== active || next.marked !== marked;
  }

  override render({ row, columns, line, active, marked, onMark, onEnter, onOpen }: RowProps) {
    return (
      <tr aria-rowindex={line + 2} class={active >= 0 ? "here" : undefined}>
        {columns.map((column, place) => (
          <td
            key={column.id}
            id={cellId({ line, column: place })}
            class={classes(column, place === active)}
            onClick={() => onEnter(place)}
          >
            {place === 0 ? (
              <>
                <label class="mark">
                  <input
                    type="checkbox"
                    tabIndex={-1}
                    aria-label={`Mark ${row.symbol}`}
                    checked={marked}
                    onChange={() => onMark(row)}
                  />
                </label>
                <button type="button" class="link" tabIndex={-1} onClick={() => onOpen(row)}>
                  {column.cell(row)}
                </button>
              </>
            ) : (
              column.cell(row)
            )}
          </td>
        ))}
      </tr>
    );
  }
}

function classes(column: GridColumn, here: boolean): string | undefined {
  return [column.kind === "number" ? "number" : "", here ? "here" : ""].filter(Boolean).join(" ") || undefined;
}

interface GroupProps {
  group: SummedGroup;
  columns: GridColumn[];
  line: number;
  active: number;
  settled: boolean;
  closed: boolean;
  onToggle: (group: string) => void;
}

export function GroupRow({ group, columns, line, active, settled, closed, onToggle }: GroupProps) {
  return (
    <tr class={`group${active >= 0 ? " here" : ""}`} aria-rowindex={line + 2}>
      <th scope="row" id={cellId({ line, column: 0 })} class={active === 0 ? "here" : undefined}>
        <button type="button" tabIndex={-1} aria-expanded={!closed} onClick={() => onToggle(group.name)}>
          <span aria-hidden="true">{closed ? "▸" : "▾"}</span> {group.name}{" "}
          {settled && <small>{number(group.positions, 0)}</small>}
        </button>
      </th>
      <Sums sums={settled ? group : null} columns={columns} of={group.name} line={line} active={active} />
    </tr>
  );
}

interface SumsProps {
  sums: PositionSums | null;
  columns: GridColumn[];
  /** Whose sums they are. */
  of: string;
  line?: number;
  active?: number;
}

/** The cells behind the first one; every sum is the API's. */
export function Sums({ sums, columns, of, line, active }: SumsProps) {
  return (
    <>
      {columns.slice(1).map((column, place) => {
        const value = sums && column.sum?.(sums);
        const id = line === undefined ? undefined : cellId({ line, column: place + 1 });
        const { plus = false, unit = "usd" } = column;
        return (
          <td key={column.id} id={id} class={classes(column, active === place + 1)}>
            {value !== null && value !== undefined && (
              <Figure measure={column.id} of={of} tone={levelTone(column.id, value)} untabbed>
                {written(value, unit, plus)}
              </Figure>
            )}
          </td>
        );
      })}
    </>
  );
}

import type { ComponentChildren } from "preact";

import { Figure } from "./Figure";

export interface Column {
  name: string;
  numeric?: boolean;
  /** The name in the API's definitions of what its numbers are: a click explains each. */
  measure?: string;
}

const NO_NUMBER = ["", "–"];

/** A cell that is no more than a number, as one that explains itself; `name`: what its row is of. */
function explained(
  cell: ComponentChildren,
  column: Column | undefined,
  row: ComponentChildren[],
  name: string | undefined,
): ComponentChildren {
  if (!column?.measure || typeof cell !== "string" || NO_NUMBER.includes(cell)) return cell;
  const of = name ?? row.find((each) => typeof each === "string" && each !== "");
  const about = of === undefined || of === cell ? column.name : `${String(of)}, ${column.name}`;
  return (
    <Figure measure={column.measure} of={about} full={cell}>
      {cell}
    </Figure>
  );
}

interface Props {
  label: string;
  columns: Column[];
  rows: ComponentChildren[][];
  /** What each row is of, where its first text does not say it. */
  names?: string[];
}

/** A short table; positions have a grid of their own. */
export function DataTable({ label, columns, rows, names }: Props) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" class={column.numeric ? "number" : ""}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={place}>
              {row.map((cell, column) => (
                <td key={column} class={columns[column]?.numeric ? "number" : ""} data-name={columns[column]?.name}>
                  {explained(cell, columns[column], row, names?.[place])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

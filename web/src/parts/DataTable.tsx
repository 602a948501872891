import type { ComponentChildren } from "preact";

export interface Column {
  name: string;
  numeric?: boolean;
}

interface Props {
  label: string;
  columns: Column[];
  rows: ComponentChildren[][];
}

/** A short table; positions have a grid of their own. */
export function DataTable({ label, columns, rows }: Props) {
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
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

import { Menu } from "../../parts/Menu";
import { go } from "../../state/address";
import { COLUMNS, type GridColumn } from "./columns";

/** Which columns the grid has. */
export function ColumnMenu({ columns }: { columns: GridColumn[] }) {
  const chosen = new Set(columns.map((column) => column.id));
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    const ids = COLUMNS.filter((column) => next.has(column.id)).map((column) => column.id);
    const usual = COLUMNS.filter((column) => column.usual).map((column) => column.id);
    go({ columns: ids.join() === usual.join() ? undefined : ids.join() }, true);
  };
  return (
    <Menu name="Columns" label="Columns">
      <ul class="columns" aria-label="Columns">
        {COLUMNS.map((column, place) => (
          <li key={column.id}>
            <label>
              <input
                type="checkbox"
                checked={chosen.has(column.id)}
                disabled={place === 0}
                onChange={() => toggle(column.id)}
              />{" "}
              {column.name}
            </label>
          </li>
        ))}
      </ul>
      <button type="button" class="quiet" onClick={() => go({ columns: undefined }, true)}>
        The usual ones
      </button>
    </Menu>
  );
}

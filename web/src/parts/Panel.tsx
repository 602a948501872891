import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { DataTable, type Column } from "./DataTable";

interface Props {
  title: string;
  note?: string | undefined;
  wide?: boolean;
  children: ComponentChildren;
  /** The same as a table, where the panel is a picture. */
  table?: { columns: Column[]; rows: Array<Array<string>> };
}

export function Panel({ title, note, wide = false, children, table }: Props) {
  const [asTable, setAsTable] = useState(false);
  return (
    <section class={`panel${wide ? " wide" : ""}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {note && <span class="note">{note}</span>}
        {table && (
          <button type="button" class="quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
            {asTable ? "Chart" : "Table"}
          </button>
        )}
      </header>
      {asTable && table ? <DataTable label={title} {...table} /> : children}
    </section>
  );
}

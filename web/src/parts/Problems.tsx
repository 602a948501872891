import { words } from "../format";
import type { Trouble } from "../state/acting";

/** Where the API says that something is wrong, as people read it: `csv.line 3.quantity`, `trades.0.symbol`. */
function placeOf(field: string | null | undefined): string {
  const parts = (field ?? "").split(".").filter((part) => part !== "csv" && part !== "trade" && part !== "trades");
  const read = parts.map((part) => (/^\d+$/.test(part) ? `no. ${Number(part) + 1}` : part.replace(/_/g, " ")));
  return words(read.filter(Boolean).join(", "));
}

/** What is wrong with what was entered, one line per field or pasted line. */
export function Problems({ trouble }: { trouble: Trouble | null }) {
  if (!trouble) return null;
  if (trouble.errors.length === 0) return <p role="alert">{trouble.detail}</p>;
  return (
    <ul class="problems" role="alert" aria-label="Problems">
      {trouble.errors.map((each, place) => (
        <li key={place}>
          {placeOf(each.field) && <b>{placeOf(each.field)}: </b>}
          {each.message}
        </li>
      ))}
    </ul>
  );
}

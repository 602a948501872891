import type { RecognisedFile } from "../../api/types";

/** Where a user says the header is; what is not said is found by the gateway. */
export interface Where {
  separator?: string;
  header_line?: number;
}

const SEPARATORS: Record<string, string> = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars" };
const LONGEST = 70;

interface Props {
  found: RecognisedFile;
  onChoose: (where: Where) => void;
}

/** What separates the cells of a file, and which of its first lines is the header. */
export function HeaderChoice({ found, onChoose }: Props) {
  const separator = found.separator ?? ",";
  const line = found.line ?? 0;
  const among = found.first_lines.some((each) => each.line === line);
  return (
    <div class="rules">
      <label>
        Cells are separated by
        <select value={separator} onChange={(event) => onChoose({ separator: event.currentTarget.value })}>
          {Object.entries(SEPARATORS).map(([mark, name]) => (
            <option key={mark} value={mark}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        The header is line
        <select
          value={String(line)}
          onChange={(event) => onChoose({ separator, header_line: Number(event.currentTarget.value) })}
        >
          {!among && <option value={String(line)}>{line ? String(line) : "not found"}</option>}
          {found.first_lines.map((each) => (
            <option key={each.line} value={String(each.line)}>
              {short(`${each.line}: ${each.cells.filter(Boolean).join(" · ")}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function short(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 2)} …` : text;
}

import { useState } from "preact/hooks";

import { saveProfile } from "../../api/client";
import type { FileColumnOut, FileMapping, RecognisedFile } from "../../api/types";
import { words } from "../../format";
import { Panel } from "../../parts/Panel";
import { describe } from "../../state/loading";

type Use = FileMapping["use"];
type Field = FileMapping["columns"][string];

const OF_BOTH: Field[] = ["symbol", "quantity", "price", "date", "currency", "multiplier", "underlying"];
const OF_OPTIONS: Field[] = ["strike", "expiry", "option_type"];
const FIELDS: Record<Use, Field[]> = {
  positions: [...OF_BOTH, "cost", "side", ...OF_OPTIONS, "investment_class", "market_value", "tags", "note", "as_of"],
  transactions: [...OF_BOTH, "type", "amount", "fees", "id", ...OF_OPTIONS, "note", "as_of"],
};
const SIGNS: Record<string, string> = {
  quantity: "a quantity below zero is short, or sold",
  inverted: "a quantity above zero is short, or sold",
  column: "a column says it",
};
const MULTIPLIERS: Record<string, string> = {
  price_per_share: "contracts, priced per share",
  price_per_contract: "contracts, priced per contract",
  quantity_in_shares: "shares, priced per share",
};
const DATES = ["YYYY-MM-DD", "MM/DD/YYYY", "DD/MM/YYYY", "DD.MM.YYYY", "DD-MM-YYYY", "DD-MMM-YYYY", "YYYYMMDD"];

interface Props {
  found: RecognisedFile;
  mapping: FileMapping;
  onChange: (mapping: FileMapping) => void;
  onSaved: () => void;
}

/** What each column of the file is, and how its cells are written; saved by a name, or used once. */
export function MappingEditor({ found, mapping, onChange, onSaved }: Props) {
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const change = (part: Partial<FileMapping>) => onChange({ ...mapping, ...part });
  const assign = (column: string, field: string) => {
    const columns = { ...mapping.columns };
    if (field) columns[column] = field as Field;
    else delete columns[column];
    change({ columns });
  };
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    setProblem(null);
    saveProfile({ name, header: found.header, mapping }).then(onSaved, (error: unknown) => setProblem(describe(error)));
  };
  return (
    <Panel title="Columns" wide note={`header on line ${found.line ?? 1}; a preview shows what comes of them`}>
      <div class="rules">
        <Choice
          label="The file lists"
          value={mapping.use}
          options={{ positions: "positions", transactions: "transactions" }}
          onChoose={(use) => change({ use: use as Use, columns: fitting(mapping, use as Use) })}
        />
        <Choice
          label="Direction"
          value={mapping.sign ?? "quantity"}
          options={SIGNS}
          onChoose={(sign) => change({ sign: sign as NonNullable<FileMapping["sign"]> })}
        />
        <Choice
          label="Dates"
          value={mapping.date_format ?? "YYYY-MM-DD"}
          options={Object.fromEntries(DATES.map((each) => [each, each]))}
          onChoose={(form) => change({ date_format: form as NonNullable<FileMapping["date_format"]> })}
        />
        <Choice
          label="Decimals"
          value={mapping.decimal_mark ?? "."}
          options={{ ".": "point: 1,234.50", ",": "comma: 1.234,50" }}
          onChoose={(mark) => change({ decimal_mark: mark as NonNullable<FileMapping["decimal_mark"]> })}
        />
        <Choice
          label="Options are"
          value={mapping.multiplier ?? "price_per_share"}
          options={MULTIPLIERS}
          onChoose={(rule) => change({ multiplier: rule as NonNullable<FileMapping["multiplier"]> })}
        />
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Columns of the file">
        <table>
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Values</th>
              <th scope="col">Is</th>
            </tr>
          </thead>
          <tbody>
            {found.columns.map((column) => (
              <ColumnRow key={column.name} column={column} mapping={mapping} onAssign={assign} />
            ))}
          </tbody>
        </table>
      </div>
      <Words mapping={mapping} onChange={(given) => change({ words: given })} />
      <form class="toolbar" onSubmit={save} aria-label="Save the mapping">
        <label>
          Save as{" "}
          <input required maxLength={100} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <button type="submit" class="primary">
          Save the mapping
        </button>
        <span class="note">Files with this header are read by it from then on.</span>
      </form>
      {problem && <p role="alert">{problem}</p>}
    </Panel>
  );
}

/** The fields that files of the other use have too. */
function fitting(mapping: FileMapping, use: Use): FileMapping["columns"] {
  const known: string[] = [...FIELDS[use], "ignored"];
  return Object.fromEntries(Object.entries(mapping.columns).filter(([, field]) => known.includes(field)));
}

interface ColumnProps {
  column: FileColumnOut;
  mapping: FileMapping;
  onAssign: (column: string, field: string) => void;
}

function ColumnRow({ column, mapping, onAssign }: ColumnProps) {
  const { name, samples } = column;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="samples">{samples.join("  ·  ") || "–"}</td>
      <td>
        <select
          aria-label={`${name} is`}
          value={mapping.columns[name] ?? ""}
          onChange={(event) => onAssign(name, event.currentTarget.value)}
        >
          <option value="">left out, unless it changes what is held</option>
          {FIELDS[mapping.use].map((field) => (
            <option key={field} value={field}>
              {words(field)}
            </option>
          ))}
          <option value="ignored">left out in any case</option>
        </select>
      </td>
    </tr>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: Record<string, string>;
  onChoose: (value: string) => void;
}

function Choice({ label, value, options, onChoose }: ChoiceProps) {
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {Object.entries(options).map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

interface WordsProps {
  mapping: FileMapping;
  onChange: (words: Record<string, string>) => void;
}

/** The file's words for sides and types, one a line: `Verkauf = sell`. */
function Words({ mapping, onChange }: WordsProps) {
  const meant = Object.values(mapping.columns);
  if (!meant.includes("side") && !meant.includes("type")) return null;
  const text = Object.entries(mapping.words ?? {})
    .map(([word, meaning]) => `${word} = ${meaning}`)
    .join("\n");
  const take = (given: string) => {
    const pairs = given
      .split("\n")
      .map((line) => line.split("=").map((part) => part.trim()))
      .filter(([word, meaning]) => word && meaning) as Array<[string, string]>;
    onChange(Object.fromEntries(pairs));
  };
  const examples = mapping.use === "positions" ? "long, short" : "buy, sell, sell short, buy to cover, deposit, dividend …";
  return (
    <label class="words">
      Words of the file <small>one a line, such as "Verkauf = sell"; known already: {examples}</small>
      <textarea rows={3} defaultValue={text} onChange={(event) => take(event.currentTarget.value)} />
    </label>
  );
}

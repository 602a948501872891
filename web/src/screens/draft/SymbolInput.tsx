import { useEffect, useId, useState } from "preact/hooks";

import { read } from "../../api/client";
import type { SymbolsFound } from "../../api/types";
import { instrument } from "../../format";
import { useBook } from "../../state/book";
import { useLoaded } from "../../state/loading";

const PAUSE_MILLISECONDS = 200;
const SHOWN = 20;

interface Props {
  name: string;
  label: string;
  value: string;
  required?: boolean;
  onInput: (value: string) => void;
}

/** A symbol: what is held is suggested at once, and every known one as it is typed. */
export function SymbolInput({ name, label, value, required = true, onInput }: Props) {
  const list = useId();
  const choices = useChoices(value.trim());
  return (
    <label>
      {label}
      <input
        name={name}
        list={list}
        required={required}
        size={14}
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <datalist id={list}>
        {choices.map(([symbol, title]) => (
          <option key={symbol} value={symbol}>
            {title}
          </option>
        ))}
      </datalist>
    </label>
  );
}

function useChoices(typed: string): Array<[string, string]> {
  const { report } = useBook();
  const [wanted, setWanted] = useState("");
  useEffect(() => {
    const pause = window.setTimeout(() => setWanted(typed), PAUSE_MILLISECONDS);
    return () => window.clearTimeout(pause);
  }, [typed]);
  const found = useLoaded<SymbolsFound>(wanted ? `symbols ${wanted}` : null, () =>
    read("symbols", {}, { search: wanted, limit: SHOWN }),
  );
  if (wanted && found.value) {
    return found.value.items.map((each) => [each.symbol, each.name ?? each.kind]);
  }
  const held = new Set(report.positions.flatMap((each) => [each.underlying, each.symbol]));
  return [...held].sort().map((symbol) => [symbol, instrument(symbol)]);
}

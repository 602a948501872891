import { useEffect, useRef, useState } from "preact/hooks";

import { COLUMNS } from "./columns";
import { PillList } from "./PillList";
import { typedPill, withPill, wrongValue, type Pill } from "./pills";
import type { Row } from "./rows";
import { named, suggestions, type Draft, type Suggestion } from "./suggesting";

interface Props {
  rows: Row[];
  pills: Pill[];
  filter: string;
  onPills: (pills: Pill[]) => void;
  onFilter: (text: string) => void;
  /** Enter with nothing left to choose. */
  onLeave: () => void;
}

/**
 * One input for a free text, which filters as one types, and for pills: a column, an operator and a
 * value, each typed or chosen from a list.
 */
export function FilterBar({ rows, pills, filter, onPills, onFilter, onLeave }: Props) {
  const [draft, setDraft] = useState<Draft | null>(null);
  const [typed, setTyped] = useState("");
  const [place, setPlace] = useState(-1);
  const [open, setOpen] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const text = draft ? typed : filter;
  const found = open ? suggestions(draft, text, rows) : [];
  useEffect(() => {
    document.getElementById(`suggestion-${place}`)?.scrollIntoView({ block: "nearest" });
  }, [place]);

  const begin = (next: Draft | null, value = "") => {
    setDraft(next && named(next));
    setTyped(value);
    setPlace(next ? 0 : -1);
    setWrong(null);
    setOpen(next !== null);
  };
  const add = (pill: Pill) => {
    onPills(withPill(pills, pill));
    begin(null);
  };
  const take = (choice: Suggestion) => {
    if (!draft && filter) onFilter("");
    if (choice.kind === "value") add(choice.pill);
    else begin(choice.draft);
    input.current?.focus();
  };
  const entered = () => {
    const choice = found[place];
    const value = typed.trim();
    if (draft?.operator && value && (choice?.kind !== "value" || draft.column.kind !== "text")) {
      const problem = wrongValue(draft.column, value);
      if (problem) setWrong(problem);
      else add({ column: draft.column, operator: draft.operator, values: [value] });
    } else if (choice) take(choice);
    else if (!draft) {
      setOpen(false);
      onLeave();
    }
  };
  const back = () => {
    if (draft?.operator) begin({ column: draft.column, operator: null });
    else if (draft) begin(null);
    else edit(pills.length - 1);
  };
  const edit = (number: number) => {
    const pill = pills[number];
    if (!pill) return;
    onPills(pills.filter((each) => each !== pill));
    begin({ column: pill.column, operator: pill.operator }, pill.values.at(-1) ?? "");
    input.current?.focus();
  };
  const pressed = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const atStart = input.current?.selectionStart === 0 && input.current.selectionEnd === 0;
    if (step) {
      setOpen(true);
      setPlace(Math.min(Math.max(place + step, draft ? 0 : -1), Math.max(found.length - 1, 0)));
    } else if (event.key === "Enter") entered();
    else if (event.key === "Escape" && (open || draft)) {
      event.stopPropagation();
      if (draft) begin(null);
      setOpen(false);
    } else if (event.key === "Backspace" && text === "") back();
    else if (event.key === "ArrowLeft" && atStart && pills.length) lastPill(box.current)?.focus();
    else return;
    event.preventDefault();
  };
  const changed = (value: string) => {
    setWrong(null);
    setOpen(true);
    const whole = draft ? null : typedPill(value, COLUMNS);
    if (whole) {
      onFilter("");
      begin({ column: whole.column, operator: whole.operator }, whole.rest);
    } else if (draft) {
      setTyped(value);
      setPlace(0);
    } else {
      onFilter(value);
      setPlace(-1);
    }
  };
  const left = (event: FocusEvent) => {
    if (!box.current?.contains(event.relatedTarget as Node | null)) setOpen(false);
  };
  const list = found.length > 0;
  return (
    <div class="filter" ref={box} onFocusOut={left}>
      <div class="box" onClick={(event) => event.target === event.currentTarget && input.current?.focus()}>
        <PillList pills={pills} onPills={onPills} onEdit={edit} onLeave={() => input.current?.focus()} />
        {draft && (
          <span class="draft">
            {draft.column.name} {draft.operator && <b>{draft.operatorName}</b>}
          </span>
        )}
        <input
          ref={input}
          data-filter
          role="combobox"
          aria-label={draft ? `Filter positions: ${draft.column.name}` : "Filter positions"}
          aria-expanded={list}
          aria-controls="suggestions"
          aria-autocomplete="list"
          aria-activedescendant={list && place >= 0 ? `suggestion-${place}` : undefined}
          aria-invalid={wrong !== null}
          autocomplete="off"
          placeholder={pills.length || draft ? "" : "Filter: text, sector = Energy, day p&l < -1k  ( / )"}
          value={text}
          onKeyDown={pressed}
          onInput={(event) => changed(event.currentTarget.value)}
        />
      </div>
      <ul id="suggestions" role="listbox" aria-label="Suggestions" hidden={!list}>
        {found.map((each, number) => (
          <li
            key={each.key}
            id={`suggestion-${number}`}
            role="option"
            aria-selected={number === place}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(each)}
          >
            <span>{each.name}</span> <small>{each.hint}</small>
          </li>
        ))}
      </ul>
      {wrong && (
        <p class="wrong" role="alert">
          {wrong}
        </p>
      )}
    </div>
  );
}

function lastPill(box: HTMLElement | null): HTMLElement | undefined {
  return [...(box?.querySelectorAll<HTMLElement>(".pill-own > button:first-child") ?? [])].at(-1);
}

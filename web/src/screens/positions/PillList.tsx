import { pillText, type Pill } from "./pills";

interface Props {
  pills: Pill[];
  onPills: (pills: Pill[]) => void;
  onEdit: (number: number) => void;
  /** To the right of the last. */
  onLeave: () => void;
}

/** The pills that filter: Enter edits one, Delete removes it, arrows go from one to the next. */
export function PillList({ pills, onPills, onEdit, onLeave }: Props) {
  const remove = (number: number) => {
    onPills(pills.filter((_, place) => place !== number));
    onLeave();
  };
  const pressed = (event: KeyboardEvent, number: number) => {
    const own = (event.currentTarget as HTMLElement).closest(".pill-own");
    const to = { ArrowLeft: own?.previousElementSibling, ArrowRight: own?.nextElementSibling }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") remove(number);
    else if (event.key === "ArrowRight" && number === pills.length - 1) onLeave();
    else if (to) to.querySelector<HTMLElement>("button")?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <>
      {pills.map((pill, number) => (
        <span key={pillText(pill)} class="pill-own">
          <button
            type="button"
            aria-label={`Filter: ${pillText(pill)}`}
            aria-keyshortcuts="Delete"
            onKeyDown={(event) => pressed(event, number)}
            onClick={() => onEdit(number)}
          >
            {pillText(pill)}
          </button>
          <button type="button" aria-label={`Remove ${pillText(pill)}`} onClick={() => remove(number)}>
            ✕
          </button>
        </span>
      ))}
    </>
  );
}

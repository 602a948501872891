import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { Dialog } from "../shell/Dialog";
import { ApiProblem } from "../api/client";
import { describe } from "../state/loading";

interface Props {
  label: string;
  /** What the button says; `danger` where nothing brings back what it takes away. */
  action: string;
  danger?: boolean;
  /** Closes by itself when this succeeds; what it throws is shown. */
  submit: (form: FormData) => Promise<unknown>;
  onClose: () => void;
  children: ComponentChildren;
}

/** A dialog with a form: it stays open, with the reason, when the API refuses what was entered. */
export function FormDialog({ label, action, danger = false, submit, onClose, children }: Props) {
  const [problem, setProblem] = useState<string | null>(null);
  const [waiting, setWaiting] = useState(false);
  const submitted = (event: SubmitEvent) => {
    event.preventDefault();
    setWaiting(true);
    setProblem(null);
    submit(new FormData(event.currentTarget as HTMLFormElement)).then(onClose, (error: unknown) => {
      setProblem(reasonOf(error));
      setWaiting(false);
    });
  };
  return (
    <Dialog label={label} onClose={onClose}>
      <form class="form" onSubmit={submitted} aria-label={label}>
        <h2>{label}</h2>
        {children}
        {problem && <p role="alert">{problem}</p>}
        <p class="buttons">
          <button type="submit" class={danger ? "danger" : "primary"} disabled={waiting}>
            {waiting ? "Working …" : action}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </p>
      </form>
    </Dialog>
  );
}

/** Why it was refused, with the fields at fault; an error of the form itself is its sentence. */
function reasonOf(error: unknown): string {
  if (error instanceof ApiProblem && error.errors.length) {
    return error.errors.map((each) => (each.field ? `${each.field}: ${each.message}` : each.message)).join("; ");
  }
  return error instanceof ApiProblem || !(error instanceof Error) || error instanceof TypeError
    ? describe(error)
    : error.message;
}

import type { ComponentChildren } from "preact";

import { Dialog } from "../shell/Dialog";
import { useActing } from "../state/acting";
import { Problems } from "./Problems";

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

/**
 * A dialog with a form, or with nothing but the question whether something shall be done: it stays
 * open, with the reason, when that is refused.
 */
export function FormDialog({ label, action, danger = false, submit, onClose, children }: Props) {
  const { act, busy, trouble } = useActing();
  const submitted = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void act(() => submit(form)).then((done) => done && onClose());
  };
  return (
    <Dialog label={label} onClose={onClose}>
      <form class="form" onSubmit={submitted} aria-label={label}>
        <h2>{label}</h2>
        {children}
        <Problems trouble={trouble} />
        <p class="buttons">
          <button type="submit" class={danger ? "danger" : "primary"} disabled={busy}>
            {busy ? "Working …" : action}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </p>
      </form>
    </Dialog>
  );
}

import type { ComponentChildren } from "preact";

import { Dialog } from "../shell/Dialog";
import type { Acting } from "../state/acting";
import { Problems } from "./Problems";

interface Props {
  label: string;
  /** What the button says that does it. */
  does: string;
  acting: Acting;
  work: (form: FormData) => Promise<unknown>;
  onClose: () => void;
  children: ComponentChildren;
}

/** A dialog that asks before something is done, with what it takes; it stays open when that failed. */
export function Confirm({ label, does, acting, work, onClose, children }: Props) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void acting.act(() => work(form)).then((done) => done && onClose());
  };
  return (
    <Dialog label={label} onClose={onClose}>
      <h2>{label}</h2>
      <form class="confirm" onSubmit={submit}>
        {children}
        <Problems trouble={acting.trouble} />
        <p class="buttons">
          <button type="submit" class="primary" disabled={acting.busy}>
            {does}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </p>
      </form>
    </Dialog>
  );
}

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  label: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** A modal dialog: the browser keeps the focus inside and gives it back afterwards. */
export function Dialog({ label, onClose, children }: Props) {
  const place = useRef<HTMLDialogElement>(null);
  // Before the next key: what is typed after the key that opens it belongs to the dialog.
  useLayoutEffect(() => {
    const dialog = place.current;
    dialog?.showModal();
    // The focus may be on a button below a long text, which is read from its beginning.
    dialog?.scrollTo(0, 0);
    return () => dialog?.close();
  }, []);
  const outside = (event: MouseEvent) => {
    if (event.target === place.current) onClose();
  };
  return (
    <dialog ref={place} aria-label={label} onClick={outside} onClose={onClose}>
      {children}
    </dialog>
  );
}

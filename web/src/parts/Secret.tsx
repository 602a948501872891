import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { Dialog } from "../shell/Dialog";

interface Props {
  label: string;
  secret: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** A secret that is shown once: to be copied now. */
export function SecretDialog({ label, secret, onClose, children }: Props) {
  const [copied, setCopied] = useState<"" | "copied" | "refused">("");
  const copy = () => {
    navigator.clipboard.writeText(secret).then(
      () => setCopied("copied"),
      () => setCopied("refused"),
    );
  };
  return (
    <Dialog label={label} onClose={onClose}>
      <div class="form">
        <h2>{label}</h2>
        {children}
        <label>
          Shown only now
          <input class="secret" readOnly value={secret} onFocus={(event) => event.currentTarget.select()} />
        </label>
        <p class="buttons">
          <button type="button" class="primary" onClick={copy}>
            Copy
          </button>
          <button type="button" onClick={onClose}>
            Done
          </button>
          <span role="status" class="note">
            {{ "": "", copied: "Copied.", refused: "The browser does not allow it: select the text and copy it." }[copied]}
          </span>
        </p>
      </div>
    </Dialog>
  );
}

import { useState } from "preact/hooks";

import { changePassword, logInAs } from "../../api/account";
import { ApiProblem } from "../../api/client";
import { Panel } from "../../parts/Panel";
import { describe } from "../../state/loading";
import { useOwn } from "../../state/own";

const SHORTEST = 8;
const LONGEST = 200;

/** Another password; every other log-in of the user ends with it. */
export function Password() {
  const { user } = useOwn();
  const [said, setSaid] = useState<{ text: string; isProblem: boolean } | null>(null);
  const [waiting, setWaiting] = useState(false);
  const [needsCode, setNeedsCode] = useState(false);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const place = event.currentTarget as HTMLFormElement;
    const form = new FormData(place);
    const next = String(form.get("next"));
    if (next !== form.get("again")) {
      setSaid({ text: "The new password is not the same both times.", isProblem: true });
      return;
    }
    setWaiting(true);
    setSaid(null);
    // The change ends this log-in with the others, so the page logs in again.
    const code = needsCode ? String(form.get("code")) : undefined;
    changePassword(String(form.get("current")), next, code)
      .then(logInAs)
      .then(
        () => {
          place.reset();
          setNeedsCode(false);
          setSaid({ text: "The password is changed, and every other log-in has ended.", isProblem: false });
        },
        (error: unknown) => {
          if (error instanceof ApiProblem && error.code === "code_required") setNeedsCode(true);
          setSaid({ text: describe(error), isProblem: true });
        },
      )
      .finally(() => setWaiting(false));
  };
  return (
    <Panel title="Password" note={user.email}>
      <form class="form" onSubmit={submit} aria-label="Password">
        <input class="hidden" type="text" autocomplete="username" value={user.email} readOnly tabIndex={-1} aria-hidden="true" />
        <label>
          Current password
          <input name="current" type="password" autocomplete="current-password" required maxLength={LONGEST} />
        </label>
        <label>
          New password <small>{SHORTEST} characters or more</small>
          <input name="next" type="password" autocomplete="new-password" required minLength={SHORTEST} maxLength={LONGEST} />
        </label>
        <label>
          New password again
          <input name="again" type="password" autocomplete="new-password" required minLength={SHORTEST} maxLength={LONGEST} />
        </label>
        {needsCode && (
          <label>
            Code <small>six digits, or a recovery code</small>
            <input name="code" autocomplete="one-time-code" required maxLength={40} />
          </label>
        )}
        {said && <p role={said.isProblem ? "alert" : "status"}>{said.text}</p>}
        <p class="buttons">
          <button type="submit" class="primary" disabled={waiting}>
            {waiting ? "Changing …" : "Change the password"}
          </button>
        </p>
        <p class="note">Personal tokens stay valid: revoke those that you no longer trust.</p>
      </form>
    </Panel>
  );
}

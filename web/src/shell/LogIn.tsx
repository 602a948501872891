import { useEffect, useRef, useState } from "preact/hooks";

import { ApiProblem, leaveForProvider, logIn, read } from "../api/client";
import type { SignOnOffer } from "../api/types";
import { describe, useLoaded } from "../state/loading";

interface Props {
  problem: string | null;
  onEntered: () => void;
}

export function LogIn({ problem, onEntered }: Props) {
  const [refusal, setRefusal] = useState(problem);
  const [waiting, setWaiting] = useState(false);
  const [needsCode, setNeedsCode] = useState(false);
  const offer = useLoaded<SignOnOffer>("sign-on", () => read("auth/oidc"));
  const first = useRef<HTMLInputElement>(null);
  const code = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  useEffect(() => code.current?.focus(), [needsCode]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setWaiting(true);
    const given = needsCode ? String(form.get("code")) : undefined;
    logIn(String(form.get("email")), String(form.get("password")), given).then(onEntered, (error: unknown) => {
      // The first question for the code is no refusal.
      const asked = error instanceof ApiProblem && error.code === "second_factor_required";
      if (asked) setNeedsCode(true);
      setRefusal(asked ? null : describe(error));
      setWaiting(false);
    });
  };
  const leave = () => {
    leaveForProvider("login").catch((error: unknown) => setRefusal(describe(error)));
  };
  return (
    <main class="alone">
      <form class="card" onSubmit={submit} aria-label="Log in">
        <h1>
          <img src="/favicon.svg" alt="" width="28" height="28" /> SigmaSight
        </h1>
        <label>
          E-mail
          <input ref={first} name="email" type="email" autocomplete="username" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        {needsCode && (
          <label>
            Code <small>six digits of your authenticator, or a recovery code</small>
            <input ref={code} name="code" autocomplete="one-time-code" required maxLength={40} />
          </label>
        )}
        {refusal && <p role="alert">{refusal}</p>}
        <button type="submit" class="primary" disabled={waiting}>
          {waiting ? "Logging in …" : "Log in"}
        </button>
        {offer.value?.configured && (
          <button type="button" onClick={leave}>
            {offer.value.name}
          </button>
        )}
        <p class="note">
          No account yet? An administrator creates one, or you do on the machine of the stack:{" "}
          <code>sigmasight register</code>.
          {offer.value?.configured && ` ${offer.value.name} creates one at the first log-in, where that is allowed.`}
        </p>
      </form>
    </main>
  );
}

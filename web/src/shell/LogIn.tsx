import { useEffect, useRef, useState } from "preact/hooks";

import { logIn } from "../api/client";
import { describe } from "../state/loading";

interface Props {
  problem: string | null;
  onEntered: () => void;
}

export function LogIn({ problem, onEntered }: Props) {
  const [refusal, setRefusal] = useState(problem);
  const [waiting, setWaiting] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setWaiting(true);
    logIn(String(form.get("email")), String(form.get("password"))).then(onEntered, (error: unknown) => {
      setRefusal(describe(error));
      setWaiting(false);
    });
  };
  return (
    <main class="alone">
      <form class="card" onSubmit={submit} aria-label="Log in">
        <h1>
          <img src="/favicon.svg" alt="" width="28" height="28" /> SigmaSight
        </h1>
        <label>
          Address
          <input ref={first} name="email" type="email" autocomplete="username" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        {refusal && <p role="alert">{refusal}</p>}
        <button type="submit" class="primary" disabled={waiting}>
          {waiting ? "Logging in …" : "Log in"}
        </button>
      </form>
    </main>
  );
}

import { useEffect, useRef, useState } from "preact/hooks";

import { ApiProblem } from "../api/client";

export interface Loaded<T> {
  value: T | null;
  problem: string | null;
  loading: boolean;
}

let askForLogin: () => void = () => undefined;

/** What happens when an answer says that the session is over. */
export function onLoginNeeded(act: () => void): void {
  askForLogin = act;
}

export function describe(error: unknown): string {
  if (error instanceof ApiProblem) {
    if (error.status === 401) askForLogin();
    return error.message;
  }
  return "the server cannot be reached";
}

/** What `load` answers, again whenever `key` changes; the last value stays until the next is there. */
export function useLoaded<T>(key: string | null, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<Loaded<T>>({ value: null, problem: null, loading: true });
  const wanted = useRef<string | null>(null);
  useEffect(() => {
    wanted.current = key;
    if (key === null) return;
    setState((before) => ({ ...before, loading: true }));
    load().then(
      (value) => {
        if (wanted.current === key) setState({ value, problem: null, loading: false });
      },
      (error: unknown) => {
        const problem = describe(error);
        if (wanted.current === key) setState({ value: null, problem, loading: false });
      },
    );
  }, [key]);
  return state;
}

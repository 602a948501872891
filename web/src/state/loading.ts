import { useEffect, useRef, useState } from "preact/hooks";

import { ApiProblem } from "../api/client";

export interface Loaded<T> {
  value: T | null;
  /** Why there is no value. */
  problem: string | null;
  loading: boolean;
}

let askForLogin: () => void = () => undefined;

/** What happens when an answer says that the session is over. */
export function onLoginNeeded(act: () => void): void {
  askForLogin = act;
}

let lookForPortfolios: () => void = () => undefined;

/** What happens when an answer says that its portfolio is not there, or no longer. */
export function onPortfolioNotFound(act: () => void): void {
  lookForPortfolios = act;
}

export function describe(error: unknown): string {
  if (error instanceof ApiProblem) {
    if (error.status === 401) askForLogin();
    if (error.code === "portfolio_not_found") {
      lookForPortfolios();
      return "this portfolio is no longer shared with you, or was deleted";
    }
    return error.message;
  }
  return "the server cannot be reached";
}

/** What is shown although it could not be loaded again: why, by the place that shows it. */
const old = new Map<object, string>();
const oldFollowers = new Set<() => void>();

function noteOld(place: object, reason: string | null): void {
  if (reason === null ? !old.delete(place) : old.get(place) === reason) return;
  if (reason !== null) old.set(place, reason);
  oldFollowers.forEach((notify) => notify());
}

/** Why some of what is shown is old; each reason once. */
export function useOld(): string[] {
  const [, setTurn] = useState(0);
  useEffect(() => {
    const notify = () => setTurn((n) => n + 1);
    oldFollowers.add(notify);
    return () => void oldFollowers.delete(notify);
  }, []);
  return [...new Set(old.values())];
}

const FIRST_RETRY_MILLISECONDS = 10_000;
const LAST_RETRY_MILLISECONDS = 60_000;

/** Whether the same request may succeed in a moment: too many of them, a restart, a lost connection. */
function isPassing(error: unknown): boolean {
  return !(error instanceof ApiProblem) || error.status === 429 || error.status >= 500;
}

/**
 * What `load` answers, again whenever `subject` or `version` changes; the last value stays until the
 * next is there.
 *
 * When a newer version of the same subject cannot be loaded for a reason that may pass, the last
 * value stays too, and the page says why it is old; it is tried again by itself. The value of another
 * subject, or of one that the API refuses, does not stay.
 */
export function useLoaded<T>(subject: string | null, load: () => Promise<T>, version: unknown = null): Loaded<T> {
  const [state, setState] = useState<Loaded<T>>({ value: null, problem: null, loading: true });
  const held = useRef<{ subject: string; value: T } | null>(null);
  useEffect(() => {
    if (subject === null) return;
    let over = false;
    let later = 0;
    const succeeded = (value: T) => {
      held.current = { subject, value };
      noteOld(held, null);
      setState({ value, problem: null, loading: false });
    };
    const failed = (error: unknown, pause: number) => {
      const reason = describe(error);
      const passes = isPassing(error);
      if (!passes || held.current?.subject !== subject) held.current = null;
      const value = held.current?.value ?? null;
      noteOld(held, held.current && reason);
      setState({ value, problem: held.current ? null : reason, loading: false });
      const next = Math.min(pause * 2, LAST_RETRY_MILLISECONDS);
      if (passes) later = window.setTimeout(() => attempt(next), pause);
    };
    const attempt = (pause: number) =>
      void load().then(
        (value) => over || succeeded(value),
        (error: unknown) => over || failed(error, pause),
      );
    setState((before) => ({ ...before, loading: true }));
    attempt(FIRST_RETRY_MILLISECONDS);
    return () => {
      over = true;
      window.clearTimeout(later);
    };
  }, [subject, version]);
  useEffect(() => () => noteOld(held, null), []);
  return state;
}

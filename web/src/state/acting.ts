import { useState } from "preact/hooks";

import { ApiProblem } from "../api/client";
import type { FieldError } from "../api/types";
import { describe } from "./loading";

/** What was wrong with a write: in a sentence, and by field or line. */
export interface Trouble {
  detail: string;
  errors: FieldError[];
}

export interface Acting {
  /** Whether the work was done; what was wrong with it is in `trouble`. */
  act: (work: () => Promise<unknown>) => Promise<boolean>;
  busy: boolean;
  trouble: Trouble | null;
}

/** What a form itself finds wrong, before anything is sent: its message is shown as it is. */
export class FormProblem extends Error {}

export function troubleOf(error: unknown): Trouble {
  if (error instanceof FormProblem) return { detail: error.message, errors: [] };
  return { detail: describe(error), errors: error instanceof ApiProblem ? error.errors : [] };
}

/** Writes one at a time; `done` follows each that succeeded. */
export function useActing(done: () => void = () => undefined): Acting {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const act = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setTrouble(null);
    try {
      await work();
      done();
      return true;
    } catch (error) {
      setTrouble(troubleOf(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { act, busy, trouble };
}

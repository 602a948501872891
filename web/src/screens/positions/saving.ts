import { useState } from "preact/hooks";

import { ApiProblem } from "../../api/client";
import type { FieldError, Warned } from "../../api/types";
import { describe } from "../../state/loading";

export interface Outcome {
  /** What was saved, and what is unusual about it. */
  said: string | null;
  warnings: Warned[];
  problem: string | null;
  errors: FieldError[];
}

const NOTHING: Outcome = { said: null, warnings: [], problem: null, errors: [] };

interface Saved {
  run_id?: string | null;
  warnings?: Warned[];
}

/** One write at a time, with what came of it: a sentence, warnings, or what is wrong with which field. */
export function useSaving() {
  const [outcome, setOutcome] = useState<Outcome>(NOTHING);
  const [busy, setBusy] = useState(false);
  const save = async (work: Promise<Saved | void>, said: string): Promise<boolean> => {
    setBusy(true);
    setOutcome(NOTHING);
    try {
      const saved = (await work) ?? {};
      const follows = saved.run_id ? " Its figures follow within seconds." : "";
      setOutcome({ ...NOTHING, said: said + follows, warnings: saved.warnings ?? [] });
      return true;
    } catch (error) {
      const errors = error instanceof ApiProblem ? error.errors : [];
      setOutcome({ ...NOTHING, problem: describe(error), errors });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { outcome, busy, save };
}

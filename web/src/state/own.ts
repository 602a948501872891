import { createContext } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";

import { savePreferences } from "../api/account";
import { ApiProblem, read } from "../api/client";
import type { Preferences, PreferencesOut, UserOut } from "../api/types";
import { useLoaded } from "./loading";
import { screensOf } from "./screens";
import { applyTheme } from "./theme";

/** Who is logged in, and what this user prefers. */
export interface Own {
  user: UserOut;
  preferences: PreferencesOut;
  /** Change the preferences; what another tab changed meanwhile stays. */
  change: (terms: (before: Preferences) => Preferences) => Promise<void>;
}

export const OwnContext = createContext<Own | null>(null);

export function useOwn(): Own {
  const own = useContext(OwnContext);
  if (!own) throw new Error("a component is outside of a log-in");
  return own;
}

/** The screens that the user may open. */
export function useScreens(): ReturnType<typeof screensOf> {
  return screensOf(useOwn().user.role);
}

function withoutVersion({ version: _, ...preferences }: PreferencesOut): Preferences {
  return preferences;
}

/** The user and the preferences, once both are there. */
export function useLoadedOwn(): { own: Own | null; problem: string | null } {
  const [changed, setChanged] = useState<PreferencesOut | null>(null);
  const user = useLoaded<UserOut>("me", () => read("auth/me"));
  const first = useLoaded<PreferencesOut>("preferences", () => read("me/preferences"));
  const preferences = changed ?? first.value;
  useEffect(() => {
    if (preferences?.version) applyTheme(preferences.theme ?? "system");
  }, [preferences?.version, preferences?.theme]);
  const own = useMemo<Own | null>(() => {
    if (!user.value || !preferences) return null;
    const save = async (before: PreferencesOut, terms: (before: Preferences) => Preferences) => {
      setChanged(await savePreferences(terms(withoutVersion(before)), before.version));
    };
    const change: Own["change"] = async (terms) => {
      try {
        await save(preferences, terms);
      } catch (error) {
        if (!(error instanceof ApiProblem) || error.code !== "version_changed") throw error;
        await save(await read("me/preferences"), terms);
      }
    };
    return { user: user.value, preferences, change };
  }, [user.value, preferences]);
  return { own, problem: user.problem ?? first.problem };
}

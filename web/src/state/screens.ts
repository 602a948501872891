import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export interface ScreenProps {
  /** Portfolios were added or changed: their list and the report are loaded again. */
  onLoaded: () => void;
}

interface Screen {
  id: string;
  name: string;
  /** Whether administrators alone see it; the API refuses other users in any case. */
  administrators?: true;
  /** Pressed after `g`. */
  key: string;
  /** Whether it needs no figures: it is shown before anything is measured, and without `useBook`. */
  free?: true;
  /** Whether it has something to show of a portfolio that was never measured. */
  aboutTerms?: true;
  /** When something must be held for it to show anything: on the session, or at some time. */
  needsPositions?: "now" | "ever";
  /** Its own file, loaded when it is opened first. */
  load: () => Promise<ComponentType<ScreenProps>>;
}

/** Every screen, in the order of the navigation; to add one is to add it here. */
export const SCREENS = [
  {
    id: "overview",
    name: "Overview",
    key: "o",
    needsPositions: "ever",
    load: () => import("../screens/Overview").then((it) => it.Overview),
  },
  {
    id: "positions",
    name: "Positions",
    key: "p",
    aboutTerms: true,
    load: () => import("../screens/Positions").then((it) => it.Positions),
  },
  {
    id: "scenarios",
    name: "Scenarios",
    key: "s",
    needsPositions: "now",
    load: () => import("../screens/Scenarios").then((it) => it.Scenarios),
  },
  {
    id: "risk",
    name: "VaR and backtest",
    key: "v",
    needsPositions: "ever",
    load: () => import("../screens/Risk").then((it) => it.Risk),
  },
  {
    id: "factors",
    name: "Factors",
    key: "f",
    needsPositions: "ever",
    load: () => import("../screens/Factors").then((it) => it.Factors),
  },
  {
    id: "correlation",
    name: "Correlation",
    key: "c",
    needsPositions: "now",
    load: () => import("../screens/Correlation").then((it) => it.Correlation),
  },
  {
    id: "options",
    name: "Options",
    key: "t",
    needsPositions: "now",
    load: () => import("../screens/Options").then((it) => it.Options),
  },
  {
    id: "what-if",
    name: "What if",
    key: "w",
    load: () => import("../screens/draft/WhatIf").then((it) => it.WhatIf),
  },
  {
    id: "limits",
    name: "Limits",
    key: "l",
    load: () => import("../screens/limits/Limits").then((it) => it.Limits),
  },
  {
    id: "reports",
    name: "Reports",
    key: "r",
    load: () => import("../screens/Reports").then((it) => it.Reports),
  },
  {
    id: "import",
    name: "Import",
    key: "i",
    free: true,
    load: () => import("../screens/Import").then((it) => it.Import),
  },
  {
    id: "data",
    name: "Data",
    key: "d",
    free: true,
    load: () => import("../screens/Data").then((it) => it.Data),
  },
  {
    id: "settings",
    name: "Settings",
    key: "e",
    free: true,
    load: () => import("../screens/Settings").then((it) => it.Settings),
  },
  {
    id: "admin",
    name: "Administration",
    administrators: true,
    key: "a",
    free: true,
    load: () => import("../screens/Admin").then((it) => it.Admin),
  },
] as const satisfies readonly Screen[];

export type ScreenId = (typeof SCREENS)[number]["id"];

/** The screens of a user with this role. */
export function screensOf(role: string): Array<(typeof SCREENS)[number]> {
  return SCREENS.filter((each) => role === "admin" || !("administrators" in each));
}

export function screenOf(id: string | undefined, role: string): ScreenId {
  return screensOf(role).find((each) => each.id === id)?.id ?? "overview";
}

export function isFree(id: ScreenId): boolean {
  return SCREENS.some((each) => each.id === id && "free" in each);
}

export function isAboutTerms(id: ScreenId): boolean {
  return SCREENS.some((each) => each.id === id && "aboutTerms" in each);
}

export function neededPositions(id: ScreenId): "now" | "ever" | undefined {
  const screen: Screen | undefined = SCREENS.find((each) => each.id === id);
  return screen?.needsPositions;
}

const loaded = new Map<ScreenId, ComponentType<ScreenProps>>();

async function loadScreen(id: ScreenId): Promise<void> {
  const load = SCREENS.find((each) => each.id === id)?.load;
  if (load && !loaded.has(id)) loaded.set(id, await load());
}

/** Load what was not opened yet, so that it opens at once; one that fails is tried when it is opened. */
export function loadOthers(): void {
  for (const { id } of SCREENS) void loadScreen(id).catch(() => undefined);
}

export interface ShownScreen {
  Screen: ComponentType<ScreenProps> | null;
  problem: string | null;
}

/** The screen, once its file is there. */
export function useScreen(id: ScreenId): ShownScreen {
  const [outcome, setOutcome] = useState<{ id: ScreenId; failed: boolean } | null>(null);
  useEffect(() => {
    loadScreen(id).then(
      () => setOutcome({ id, failed: false }),
      () => setOutcome({ id, failed: true }),
    );
  }, [id]);
  const failed = outcome?.id === id && outcome.failed;
  return {
    Screen: loaded.get(id) ?? null,
    problem: failed ? "This screen cannot be loaded: reload the page." : null,
  };
}

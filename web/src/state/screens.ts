export const SCREENS = [
  { id: "overview", name: "Overview", key: "o" },
  { id: "positions", name: "Positions", key: "p" },
  { id: "scenarios", name: "Scenarios", key: "s" },
  { id: "risk", name: "VaR and backtest", key: "v" },
  { id: "factors", name: "Factors", key: "f" },
  { id: "options", name: "Options", key: "t" },
  { id: "what-if", name: "What if", key: "w" },
  { id: "limits", name: "Limits", key: "l" },
  { id: "import", name: "Import", key: "i" },
] as const;

export type ScreenId = (typeof SCREENS)[number]["id"];

export function screenOf(id: string | undefined): ScreenId {
  return SCREENS.find((each) => each.id === id)?.id ?? "overview";
}

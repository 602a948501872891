export const THEMES = ["system", "light", "dark", "contrast"] as const;
export type Theme = (typeof THEMES)[number];
const KEPT = "sigmasight.theme";

export function storedTheme(): Theme {
  const kept = localStorage.getItem(KEPT);
  return THEMES.find((each) => each === kept) ?? "system";
}

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  localStorage.setItem(KEPT, theme);
  window.dispatchEvent(new Event("themechange"));
}

export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
}

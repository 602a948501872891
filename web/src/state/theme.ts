/** What a user chose; "system" follows the machine. */
export const THEMES = ["system", "light", "dark", "contrast", "contrast-light"] as const;
export type Theme = (typeof THEMES)[number];
export const THEME_NAMES: Record<Theme, string> = {
  system: "as the system",
  light: "light",
  dark: "dark",
  contrast: "high contrast, dark",
  "contrast-light": "high contrast, light",
};
const KEPT = "sigmasight.theme";
const DARK = window.matchMedia("(prefers-color-scheme: dark)");
const MORE_CONTRAST = window.matchMedia("(prefers-contrast: more)");
const PAPER = window.matchMedia("print");
/** Paper is white, and browsers print no backgrounds. */
const ON_PAPER: Partial<Record<Theme, Theme>> = { dark: "light", contrast: "contrast-light" };

export function storedTheme(): Theme {
  const kept = localStorage.getItem(KEPT);
  return THEMES.find((each) => each === kept) ?? "system";
}

/** The theme that is shown: the style sheets know no "system", so that each colour stands once. */
function shown(theme: Theme): Theme {
  const onScreen = shownOnScreen(theme);
  return (PAPER.matches && ON_PAPER[onScreen]) || onScreen;
}

function shownOnScreen(theme: Theme): Theme {
  if (theme !== "system") return theme;
  if (MORE_CONTRAST.matches) return DARK.matches ? "contrast" : "contrast-light";
  return DARK.matches ? "dark" : "light";
}

function show(): void {
  document.documentElement.dataset["theme"] = shown(storedTheme());
  window.dispatchEvent(new Event("themechange"));
}

/** Show what was chosen, and follow the machine from now on. */
export function startTheme(): void {
  show();
  for (const query of [DARK, MORE_CONTRAST, PAPER]) query.addEventListener("change", show);
}

export function applyTheme(theme: Theme): void {
  localStorage.setItem(KEPT, theme);
  show();
}

export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
}

/** Colours as `#rgb` or `#rrggbb`, mixed and measured: a canvas takes no `color-mix`. */

export function mix(colour: string, ground: string, strength: number): string {
  const own = channels(colour);
  const mixed = channels(ground).map((each, place) => ((own[place] ?? 0) * strength + each * (100 - strength)) / 100);
  return `#${mixed.map((each) => Math.round(each).toString(16).padStart(2, "0")).join("")}`;
}

/** The one of two colours that is read better on a ground. */
export function legible(ground: string, one: string, other: string): string {
  return contrast(ground, one) >= contrast(ground, other) ? one : other;
}

/** Between 1 and 21, by WCAG 2.2: "contrast ratio". */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((each) =>
    each <= 10 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function channels(colour: string): number[] {
  const digits = colour.length === 4 ? colour.replace(/[^#]/g, "$&$&") : colour;
  return [1, 3, 5].map((place) => Number.parseInt(digits.slice(place, place + 2), 16));
}

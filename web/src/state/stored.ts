/** Harmless preferences that stay in this browser; never a token. */
const PREFIX = "sigmasight.";

export function stored(name: string): string | null {
  return localStorage.getItem(PREFIX + name);
}

export function store(name: string, value: string): void {
  localStorage.setItem(PREFIX + name, value);
}

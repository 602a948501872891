import { useEffect, useRef } from "preact/hooks";

import { go } from "../state/address";
import { useScreens } from "../state/own";

interface Keys {
  onPalette: () => void;
  onHelp: () => void;
  onEscape: () => void;
}

const SECOND_KEY_MILLISECONDS = 1500;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Ctrl-K, `g` and a letter, `/`, `?`, Escape. */
export function useKeys(keys: Keys): void {
  const screens = useScreens();
  const latest = useRef({ ...keys, screens });
  latest.current = { ...keys, screens };
  useEffect(() => {
    let since = -Infinity;
    const pressed = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        latest.current.onPalette();
        return;
      }
      // A dialog in front closes by itself, and what is behind it stays as it is.
      if (document.querySelector("dialog[open]")) return;
      if (event.key === "Escape") latest.current.onEscape();
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      const screen = latest.current.screens.find((each) => each.key === event.key);
      if (screen && event.timeStamp - since < SECOND_KEY_MILLISECONDS) {
        since = -Infinity;
        go({ screen: screen.id });
      } else if (event.key === "g") {
        since = event.timeStamp;
      } else if (event.key === "?") {
        latest.current.onHelp();
      } else if (event.key === "/") {
        event.preventDefault();
        document.querySelector<HTMLElement>("[data-filter]")?.focus();
      }
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
}

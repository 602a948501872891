import { useEffect, useState } from "preact/hooks";

const NARROW = "(max-width: 720px)";

/** Whether the window is as narrow as a phone's; the same width as in the styles. */
export function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => window.matchMedia(NARROW).matches);
  useEffect(() => {
    const query = window.matchMedia(NARROW);
    const changed = () => setNarrow(query.matches);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, []);
  return narrow;
}

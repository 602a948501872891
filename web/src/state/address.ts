import { useEffect, useMemo, useState } from "preact/hooks";

/** Everything that the page shows is in its address: a link to it is a link to what one sees. */
export type Address = Record<string, string>;

function parsed(search: string): Address {
  return Object.fromEntries(new URLSearchParams(search));
}

/** Change parts of the address; an empty value removes its part. */
export function go(changes: Record<string, string | undefined>, replace = false): void {
  const next = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  const text = next.toString();
  const url = text ? `/?${text}` : "/";
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  window.dispatchEvent(new Event("addresschange"));
}

export function useAddress(): Address {
  const [search, setSearch] = useState(location.search);
  useEffect(() => {
    const changed = () => setSearch(location.search);
    window.addEventListener("popstate", changed);
    window.addEventListener("addresschange", changed);
    changed(); // what was typed between the first drawing and now
    return () => {
      window.removeEventListener("popstate", changed);
      window.removeEventListener("addresschange", changed);
    };
  }, []);
  return useMemo(() => parsed(search), [search]);
}

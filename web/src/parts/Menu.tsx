import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  name: ComponentChildren;
  label: string;
  children: ComponentChildren;
}

/** A button with what it opens below it; Escape and a click elsewhere close it. */
export function Menu({ name, label, children }: Props) {
  const place = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const elsewhere = (event: Event) => {
      const menu = place.current;
      if (menu?.open && !menu.contains(event.target as Node)) menu.open = false;
    };
    window.addEventListener("click", elsewhere);
    return () => window.removeEventListener("click", elsewhere);
  }, []);
  const pressed = (event: KeyboardEvent) => {
    const menu = place.current;
    if (event.key !== "Escape" || !menu?.open) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary")?.focus();
  };
  return (
    <details ref={place} class="menu" onKeyDown={pressed}>
      <summary aria-label={label}>{name}</summary>
      <div class="sheet">{children}</div>
    </details>
  );
}

import { createContext } from "preact";
import { useContext } from "preact/hooks";

/** The colours of tags by name, as their owner chose them. */
export const TagColours = createContext<ReadonlyMap<string, string>>(new Map());

/** A tag with its colour; the name says what the colour does. */
export function TagMark({ name }: { name: string }) {
  const colour = useContext(TagColours).get(name);
  return (
    <span class="tag" title={name}>
      {colour && <i aria-hidden="true" style={{ background: colour }} />}
      <span>{name}</span>
    </span>
  );
}

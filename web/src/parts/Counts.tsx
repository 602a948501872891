import { Figure } from "./Figure";

export interface Count {
  name: string;
  text: string;
  /** The name in the API's definitions. */
  measure: string;
  /** What more there is to say of it. */
  note?: string | undefined;
}

/** A few counts and amounts in a row, each under its name; `of`: what they are of. */
export function Counts({ of, counts }: { of: string; counts: Count[] }) {
  return (
    <dl class="counts">
      {counts.map(({ name, text, measure, note }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {text === "–" ? (
              text
            ) : (
              <Figure measure={measure} of={`${of}: ${name}`}>
                {text}
              </Figure>
            )}{" "}
            {note && <small>{note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

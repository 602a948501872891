import { otherErrors } from "../../parts/Field";
import type { Outcome } from "./saving";

/** What came of a write; problems of fields are shown at the fields. */
export function Said({ outcome, fields = [] }: { outcome: Outcome; fields?: readonly string[] }) {
  const { said, warnings, problem, errors } = outcome;
  const others = otherErrors(errors, fields);
  return (
    <>
      {problem && !errors.length && <p role="alert">{problem}</p>}
      {others.map((each) => (
        <p key={`${each.field} ${each.code}`} role="alert">
          {each.message}
        </p>
      ))}
      {said && <p role="status">{said}</p>}
      {warnings.map((each) => (
        <p key={each.message} class="note">
          {each.message}
        </p>
      ))}
    </>
  );
}

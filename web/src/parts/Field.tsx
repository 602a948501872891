import type { ComponentChildren } from "preact";

import type { FieldError } from "../api/types";

interface Props {
  name: string;
  label: string;
  hint?: string | undefined;
  errors: FieldError[];
  children: ComponentChildren;
}

/** An input with its label and what is wrong with it. */
export function Field({ name, label, hint, errors, children }: Props) {
  const own = errors.filter((each) => fieldOf(each) === name);
  return (
    <label class={`field${own.length ? " bad" : ""}`}>
      <span>
        {label} {hint && <small>{hint}</small>}
      </span>
      {children}
      {own.map((each) => (
        <span key={each.code} class="wrong" role="alert">
          {each.message}
        </span>
      ))}
    </label>
  );
}

/** The last part of `transactions.0.price`. */
export function fieldOf(error: FieldError): string {
  return error.field?.split(".").at(-1) ?? "";
}

/** What is wrong with no field that is shown. */
export function otherErrors(errors: FieldError[], shown: readonly string[]): FieldError[] {
  return errors.filter((each) => !shown.includes(fieldOf(each)));
}

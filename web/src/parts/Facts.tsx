import type { ComponentChildren } from "preact";

import { Figure } from "./Figure";

export interface FactOf {
  name: string;
  /** The name in the API's definitions. */
  measure: string;
  series?: string | undefined;
  value: ComponentChildren;
}

/** A few figures in a row, each with its name. */
export function Facts({ facts, label }: { facts: FactOf[]; label: string }) {
  return (
    <dl class="row-facts" aria-label={label}>
      {facts.map((each) => (
        <div key={each.name}>
          <dt>{each.name}</dt>
          <dd>
            <Figure measure={each.measure} series={each.series}>
              {each.value}
            </Figure>
          </dd>
        </div>
      ))}
    </dl>
  );
}

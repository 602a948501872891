import { useEffect, useRef, useState } from "preact/hooks";

import { store, stored } from "../state/stored";

const STEPS: Array<{ where: string; title: string; text: string }> = [
  {
    where: ".numbers",
    title: "What a manager looks at first",
    text: "Value, P&L, exposure, Greeks, risk, the worst scenario and limits stay here on every screen.",
  },
  {
    where: ".numbers .figure",
    title: "Click any number",
    text: "It says what it is, by which formula and data it came to be, what it leaves out, and its history.",
  },
  {
    where: ".sessions",
    title: "Any session",
    text: "Choose a session, or press [ and ]: every screen shows that day. The pills say how old the data are and what is missing.",
  },
  {
    where: ".screens",
    title: "Screens by key",
    text: "Press g and a letter, or Ctrl K to search screens, portfolios, positions and figures. ? lists all keys.",
  },
  {
    where: ".portfolios",
    title: "Portfolios and alerts",
    text: "Each with its value and the state of its last run. New results and alerts of limits arrive by themselves.",
  },
];
const DISMISSED = "tour";

export function isNewcomer(): boolean {
  return stored(DISMISSED) === null;
}

/** Five steps for a newcomer, next to what they are about; nothing is hidden meanwhile. */
export function Tour({ onEnd }: { onEnd: () => void }) {
  const [place, setPlace] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const step = STEPS[place];
  useEffect(() => box.current?.focus(), [place]);
  useEffect(() => {
    const target = step && document.querySelector(step.where);
    target?.classList.add("toured");
    target?.scrollIntoView({ block: "nearest" });
    return () => target?.classList.remove("toured");
  }, [place]);
  // However it ends, it was seen; one that was begun is not shown again after a reload either.
  useEffect(() => {
    if (place > 0) store(DISMISSED, "seen");
    return () => store(DISMISSED, "seen");
  }, [place]);
  if (!step) return null;
  const last = place === STEPS.length - 1;
  return (
    <div
      ref={box}
      class="tour card"
      role="dialog"
      aria-label={`Tour: ${step.title}`}
      tabIndex={-1}
    >
      <p class="note">
        Step {place + 1} of {STEPS.length}
      </p>
      <h2>{step.title}</h2>
      <p>{step.text}</p>
      <div class="buttons small">
        {place > 0 && (
          <button type="button" onClick={() => setPlace(place - 1)}>
            Back
          </button>
        )}
        <button type="button" class="primary" onClick={() => (last ? onEnd() : setPlace(place + 1))}>
          {last ? "Done" : "Next"}
        </button>
        {!last && (
          <button type="button" class="quiet" onClick={onEnd}>
            Skip the tour
          </button>
        )}
      </div>
    </div>
  );
}

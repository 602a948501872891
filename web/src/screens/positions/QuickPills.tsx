import { inAddress, fromAddress, type Pill } from "./pills";

const QUICK: Record<string, string> = {
  Long: "side.eq.long",
  Short: "side.eq.short",
  Options: "instrument.eq.option",
  "Lost today": "daily_pnl.lt.0",
  "Old price": "price_age.gt.0",
  "No price": "price.eq.none",
};

/** Conditions that are wanted often, as pills on a click. */
export function QuickPills({ pills, onPills }: { pills: Pill[]; onPills: (pills: Pill[]) => void }) {
  const texts = pills.map((pill) => inAddress([pill]));
  const toggle = (text: string) =>
    onPills(texts.includes(text) ? pills.filter((_, place) => texts[place] !== text) : [...pills, ...fromAddress(text)]);
  return (
    <div class="pills" role="group" aria-label="Often wanted">
      {Object.entries(QUICK).map(([name, text]) => (
        <button key={name} type="button" class="pill" aria-pressed={texts.includes(text)} onClick={() => toggle(text)}>
          {name}
        </button>
      ))}
    </div>
  );
}

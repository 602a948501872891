interface Props {
  label: string;
  choices: Array<[string, string]>;
  chosen: string;
  onChoose: (value: string) => void;
}

/** A few buttons of which one is pressed. */
export function Choice({ label, choices, chosen, onChoose }: Props) {
  return (
    <div class="choice" role="group" aria-label={label}>
      {choices.map(([value, name]) => (
        <button key={value} type="button" aria-pressed={value === chosen} onClick={() => onChoose(value)}>
          {name}
        </button>
      ))}
    </div>
  );
}

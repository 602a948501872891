interface Props {
  name: string;
  value: string;
  choices: Array<[string, string]>;
  onChoose: (value: string) => void;
}

/** One of some values, by their texts. */
export function Select({ name, value, choices, onChoose }: Props) {
  return (
    <label>
      {name}{" "}
      <select aria-label={name} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {choices.map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

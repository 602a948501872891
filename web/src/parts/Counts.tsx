/** A few counts in a row, each under its name. */
export function Counts({ counts }: { counts: Array<[string, string]> }) {
  return (
    <dl class="counts">
      {counts.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

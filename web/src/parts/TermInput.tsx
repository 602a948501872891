/** An input for a term by its name: a day, a number or a text. */
export function TermInput({ name, initial = "" }: { name: string; initial?: string }) {
  if (name.endsWith("date")) return <input name={name} type="date" defaultValue={initial} />;
  const numeric = /quantity|price|amount|fees/.test(name);
  return <input name={name} type="text" inputMode={numeric ? "decimal" : "text"} defaultValue={initial} />;
}

const WIDTH = 320;
const HEIGHT = 64;

/** A line of values without axes; gaps stay gaps. */
export function Spark({ values, label }: { values: Array<number | null>; label: string }) {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return null;
  const lowest = Math.min(...known);
  const span = Math.max(...known) - lowest || 1;
  const step = WIDTH / (values.length - 1);
  let pen = "M";
  const path = values.map((value, place) => {
    if (value === null) {
      pen = "M";
      return "";
    }
    const y = HEIGHT - 4 - ((value - lowest) / span) * (HEIGHT - 8);
    const point = `${pen}${(place * step).toFixed(1)},${y.toFixed(1)}`;
    pen = "L";
    return point;
  });
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} preserveAspectRatio="none">
      <path d={path.join("")} />
    </svg>
  );
}

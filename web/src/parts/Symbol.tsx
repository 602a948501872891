import { instrument } from "../format";
import { go } from "../state/address";

/** A security by its name, with the way to its positions. */
export function Symbol({ symbol }: { symbol: string }) {
  return (
    <button type="button" class="link" onClick={() => go({ screen: "positions", filter: symbol })}>
      {instrument(symbol)}
    </button>
  );
}

import { number } from "../../format";
import { go } from "../../state/address";

/** From page to page of a long list; the address has the page. */
export function PageTurner({ total, size, offset }: { total: number; size: number; offset: number }) {
  if (total <= size) return null;
  const to = (place: number) => go({ page: place > 0 ? String(place) : undefined }, true);
  const place = Math.floor(offset / size);
  return (
    <p class="buttons small">
      <button type="button" disabled={place === 0} onClick={() => to(place - 1)}>
        Before
      </button>
      <span class="note">
        {number(offset + 1, 0)} to {number(Math.min(offset + size, total), 0)} of {number(total, 0)}
      </span>
      <button type="button" disabled={offset + size >= total} onClick={() => to(place + 1)}>
        Next
      </button>
    </p>
  );
}

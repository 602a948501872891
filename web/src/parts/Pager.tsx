import { go } from "../state/address";

interface Props {
  total: number;
  limit: number;
  offset: number;
}

/** Which part of a long list is shown; it is in the address. */
export function Pager({ total, limit, offset }: Props) {
  if (total <= limit) return null;
  const last = Math.min(offset + limit, total);
  return (
    <p class="buttons pager">
      <button type="button" disabled={offset === 0} onClick={() => go({ page_offset: String(Math.max(offset - limit, 0)) })}>
        Newer
      </button>
      <span class="note">
        {offset + 1} to {last} of {total}
      </span>
      <button type="button" disabled={last >= total} onClick={() => go({ page_offset: String(last) })}>
        Older
      </button>
    </p>
  );
}

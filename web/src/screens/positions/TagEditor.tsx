import { read } from "../../api/client";
import { tagPosition } from "../../api/positions";
import type { PageTagOut, PositionOut } from "../../api/types";
import { useLoaded } from "../../state/loading";
import { Said } from "./Said";
import { useSaving } from "./saving";
import { TagColours, TagMark } from "./TagMark";

/** The tags of a position: taken off one by one, and added by name. */
export function TagEditor({ position, onChanged }: { position: PositionOut; onChanged: () => void }) {
  const { outcome, busy, save } = useSaving();
  const known = useLoaded<PageTagOut>("tags", () => read("tags", {}, { limit: 1000 }), position.tags.join());
  const items = known.value?.items ?? [];
  const set = async (tags: string[]) => {
    if (await save(tagPosition(position.position_id, tags), "")) onChanged();
  };
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const name = String(new FormData(form).get("tag")).trim();
    if (name) void set([...position.tags, name]).then(() => form.reset());
  };
  return (
    <TagColours.Provider value={new Map(items.map((tag) => [tag.name, tag.colour]))}>
      <div class="tags" role="group" aria-label="Tags">
        {position.tags.map((name) => (
          <span key={name} class="pill">
            <TagMark name={name} />{" "}
            <button
              type="button"
              class="link"
              disabled={busy}
              aria-label={`Take off the tag ${name}`}
              onClick={() => void set(position.tags.filter((each) => each !== name))}
            >
              ✕
            </button>
          </span>
        ))}
        <form onSubmit={add} aria-label="Add a tag">
          <input name="tag" list="known-tags" placeholder="Add a tag" aria-label="Add a tag" size={16} autocomplete="off" />
          <datalist id="known-tags">
            {items
              .filter((tag) => !position.tags.includes(tag.name))
              .map((tag) => (
                <option key={tag.tag_id} value={tag.name} />
              ))}
          </datalist>
        </form>
      </div>
      <Said outcome={outcome} />
    </TagColours.Provider>
  );
}

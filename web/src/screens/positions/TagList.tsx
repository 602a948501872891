import { useState } from "preact/hooks";

import { read } from "../../api/client";
import { createTag, deleteTag, editTag } from "../../api/positions";
import type { PageTagOut, TagOut } from "../../api/types";
import { number } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { Field } from "../../parts/Field";
import { FormDialog } from "../../parts/Form";
import { Panel } from "../../parts/Panel";
import { go } from "../../state/address";
import { useLoaded } from "../../state/loading";
import { Said } from "./Said";
import { useSaving } from "./saving";

const USUAL_COLOUR = "#64748b";

/** The user's tags: created, renamed, coloured and deleted, in all portfolios alike. */
export function TagList({ version, onChanged }: { version: string; onChanged: () => void }) {
  const { outcome, busy, save } = useSaving();
  const tags = useLoaded<PageTagOut>("tags", () => read("tags", {}, { limit: 1000 }), version);
  const items = tags.value?.items ?? [];
  const act = async (work: Promise<TagOut | void>, said: string) => {
    const done = await save(work.then(() => undefined), said);
    if (done) onChanged();
    return done;
  };
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const name = String(given.get("name")).trim();
    void act(createTag({ name, colour: String(given.get("colour")) }), `${name} is there.`).then((done) => done && form.reset());
  };
  const [leaving, setLeaving] = useState<TagOut | null>(null);
  return (
    <div class="grid">
      <Panel title="Tags" note="of all your portfolios">
        {tags.problem && <p role="alert">{tags.problem}</p>}
        {items.length ? (
          <DataTable
            label="Tags"
            columns={[{ name: "Colour" }, { name: "Name" }, { name: "Strategy" }, { name: "Positions", numeric: true }, { name: "" }]}
            rows={items.map((tag) => [
              <input
                type="color"
                aria-label={`Colour of ${tag.name}`}
                value={tag.colour}
                onChange={(event) => void act(editTag(tag.tag_id, { colour: event.currentTarget.value }), `${tag.name} has another colour.`)}
              />,
              <input
                key={tag.name}
                class="name"
                aria-label={`Name of ${tag.name}`}
                defaultValue={tag.name}
                onChange={(event) => {
                  const name = event.currentTarget.value.trim();
                  if (name !== tag.name) void act(editTag(tag.tag_id, { name }), `${tag.name} is now ${name}.`);
                }}
              />,
              tag.strategy ?? "–",
              <button type="button" class="link" onClick={() => go({ list: undefined, where: `tags.eq.${tag.name}` })}>
                {number(tag.positions, 0)}
              </button>,
              <button type="button" class="quiet" disabled={busy} aria-label={`Delete ${tag.name}`} onClick={() => setLeaving(tag)}>
                Delete
              </button>,
            ])}
          />
        ) : (
          <p class="empty">{tags.loading ? "Loading …" : "No tag yet."}</p>
        )}
      </Panel>
      <Panel title="New tag" note="strategy:<name> makes a strategy of its positions">
        <form class="fields" onSubmit={add} aria-label="New tag" novalidate>
          <Field name="name" label="Name" hint="letters, digits, spaces and _ - :" errors={outcome.errors}>
            <input name="name" maxLength={50} />
          </Field>
          <Field name="colour" label="Colour" errors={outcome.errors}>
            <input name="colour" type="color" defaultValue={USUAL_COLOUR} />
          </Field>
          <p class="buttons">
            <button type="submit" class="primary" disabled={busy}>
              Create
            </button>
          </p>
        </form>
        <Said outcome={outcome} fields={["name", "colour"]} />
      </Panel>
      {leaving && (
        <FormDialog
          label={`Delete the tag ${leaving.name}?`}
          action="Delete it"
          danger
          submit={() => deleteTag(leaving.tag_id).then(onChanged)}
          onClose={() => setLeaving(null)}
        >
          <p>{leaving.positions ? `It is taken off ${number(leaving.positions, 0)} positions; they stay.` : "No position has it."}</p>
        </FormDialog>
      )}
    </div>
  );
}

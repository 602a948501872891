import type { LimitTrial, NewLimit } from "../../api/types";
import { number, percent, words } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { go } from "../../state/address";
import { useBook } from "../../state/book";
import { definedAs, memberText } from "../../state/limits";
import { toneOf } from "./words";

/** How often a limit would have fired on the stored sessions, for how long, and on which. */
export function Trial({ trial, limit }: { trial: LimitTrial; limit: NewLimit }) {
  const { report } = useBook();
  const tried = trial.portfolios[0];
  if (!tried || !tried.sessions) return <p class="empty">No session is stored.</p>;
  const written = (value: number | null) => (limit.unit === "share_of_nav" ? percent(value) : number(value, 2));
  const measure = definedAs(limit.measure);
  const defined = measure === null ? {} : { measure };
  const counts: Array<[string, number]> = [
    ["Warnings", tried.warnings],
    ["Breaches", tried.breaches],
    ["Sessions in warning", tried.sessions_in_warning],
    ["Sessions in breach", tried.sessions_in_breach],
    ["Sessions", tried.sessions],
    ["Not measured", tried.not_measured],
  ];
  return (
    <div class="trial">
      <dl class="periods">
        {counts.map(([name, count]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{number(count, 0)}</dd>
          </div>
        ))}
      </dl>
      <p class="note">
        {tried.first} to {tried.last}
        {Object.entries(tried.reasons).map(([reason, count]) => `; ${count} without a value: ${reason}`)}
      </p>
      {tried.episodes.length > 0 ? (
        <>
          <h3>Episodes</h3>
          <DataTable
            label="Episodes"
            columns={[
              { name: "Level" },
              { name: "From" },
              { name: "To" },
              { name: "Sessions", numeric: true },
              { name: "Worst", numeric: true, ...defined },
              { name: "On" },
              { name: "Of" },
            ]}
            rows={tried.episodes
              .toReversed()
              .map((each) => [
                <span class={`pill ${toneOf(each.level)}`}>{words(each.level)}</span>,
                each.first,
                each.last ?? "goes on",
                each.sessions,
                written(each.worst),
                each.worst_on,
                memberText(report, limit.measure, each.member) || "the portfolio",
              ])}
          />
          <h3>Sessions beyond a level</h3>
          <DataTable
            label="Sessions beyond a level"
            columns={[{ name: "Session" }, { name: "Level" }, { name: "Value", numeric: true, ...defined }, { name: "Of" }]}
            rows={tried.beyond.map((each) => [
              <button type="button" class="link" onClick={() => go({ screen: "overview", as_of: each.as_of })}>
                {each.as_of}
              </button>,
              <span class={`pill ${toneOf(each.level)}`}>{words(each.level)}</span>,
              written(each.value),
              memberText(report, limit.measure, each.member) || "the portfolio",
            ])}
          />
        </>
      ) : (
        <p class="empty">It would never have fired.</p>
      )}
    </div>
  );
}

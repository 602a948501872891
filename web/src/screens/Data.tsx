import { read } from "../api/client";
import type { DataQuality, OwnRuns } from "../api/names";
import { instrument, number, sentence, words } from "../format";
import { Counts, type Count } from "../parts/Counts";
import { DataTable } from "../parts/DataTable";
import { Panel } from "../parts/Panel";
import { Symbol } from "../parts/Symbol";
import { Waiting } from "../parts/Waiting";
import { go, useAddress } from "../state/address";
import { useProgress } from "../state/events";
import { useLoaded } from "../state/loading";
import { RunTimeline } from "./imports/RunTimeline";

const NUMERIC = { numeric: true } as const;
type SymbolQuality = DataQuality["symbols"][number];
const TONES: Record<string, string> = {
  complete: "good",
  stale: "warn",
  missing: "bad",
  private: "",
  fetching: "warn",
  waiting: "warn",
  settled: "",
};
const SHOWN_RUNS = 20;

/** What is stored for the portfolio's figures, symbol by symbol, and how its runs went. */
export function Data() {
  const address = useAddress();
  const id = address["portfolio"] ?? null;
  const asOf = address["as_of"];
  const { version } = useProgress(id);
  const quality = useLoaded<DataQuality>(
    id && `${id} ${asOf ?? ""}`,
    () =>
      read("market-data/quality/{portfolio_id}", { portfolio_id: id ?? "" }, { as_of: asOf }),
    version,
  );
  const runs = useLoaded<OwnRuns>(
    id,
    () =>
      read("me/runs", {}, { portfolio_id: id ?? "", limit: SHOWN_RUNS }),
    version,
  );
  const found = quality.value;
  if (!id) return <NoPortfolio />;
  return (
    <div class="grid data">
      {found ? (
        <>
          <Panel title="Market data" note={found.as_of ? `of ${found.as_of}` : undefined}>
            <Summary found={found} />
          </Panel>
          <Panel title="What it is enough for">
            <Calculations found={found} />
          </Panel>
          <Panel title="Symbols" wide note={`closes of ${found.sessions} sessions from ${found.window_start ?? "–"}`}>
            <Symbols symbols={found.symbols} wanted={found.sessions} />
          </Panel>
        </>
      ) : (
        <>
          <Waiting title="Market data" loaded={quality} />
          <Waiting title="What it is enough for" loaded={quality} />
          <Waiting title="Symbols" loaded={quality} wide />
        </>
      )}
      {runs.value ? (
        <Panel title="Runs" wide note={`the last ${runs.value.items.length} of ${number(runs.value.total, 0)}`}>
          <RunTimeline runs={runs.value.items} chosen={address["run"]} onChoose={(run) => go({ run })} />
        </Panel>
      ) : (
        <Waiting title="Runs" loaded={runs} wide />
      )}
    </div>
  );
}

function NoPortfolio() {
  return (
    <div class="card">
      <h2>No data yet</h2>
      <p>There is no portfolio, so no prices are needed.</p>
      <p class="buttons">
        <button type="button" class="primary" onClick={() => go({ screen: "import" })}>
          Import a file
        </button>
      </p>
    </div>
  );
}

function Summary({ found }: { found: DataQuality }) {
  const { progress, providers } = found;
  const count = (name: string, measure: string, value: number): Count => ({ name, measure, text: number(value, 0) });
  const counts = [
    count("Up to date", "complete", found.complete),
    count("Stale", "stale", found.stale),
    count("Missing", "missing", found.missing),
    count("Closes stored", "sessions_stored", progress.sessions_stored),
    count("Closes wanted", "sessions_wanted", progress.sessions_wanted),
    count("Being fetched", "fetching", progress.fetching),
  ];
  const asked = (providers["prices"] ?? []).map((each) => (each.live ? `${each.name} (live)` : each.name));
  return (
    <>
      {found.reason && <p class="empty">{sentence(found.reason)}</p>}
      <Counts of="Market data" counts={counts} />
      <p class="note">Closes come from {asked.join(", then ") || "no provider"}.</p>
    </>
  );
}

function Calculations({ found }: { found: DataQuality }) {
  return (
    <DataTable
      label="Calculations"
      columns={[{ name: "Calculation" }, { name: "" }, { name: "Needs" }, { name: "Without it" }]}
      rows={found.calculations.map((each) => [
        words(each.calculation),
        <span class={`pill ${each.feasible ? "good" : "warn"}`}>{each.feasible ? "yes" : "not for all"}</span>,
        <span class="wrap">{each.needs}</span>,
        <span class="wrap">{each.lacking.join(", ") || "–"}</span>,
      ])}
    />
  );
}

const COLUMNS = [
  { name: "Symbol" },
  { name: "State" },
  { name: "Stored", ...NUMERIC, measure: "prices" },
  { name: "Wanted", ...NUMERIC, measure: "sessions_wanted" },
  { name: "Last close" },
  { name: "Age", ...NUMERIC, measure: "age_sessions" },
  { name: "Sources" },
  { name: "Rejected", ...NUMERIC, measure: "quarantined" },
  { name: "Why" },
];

function Symbols({ symbols, wanted }: { symbols: SymbolQuality[]; wanted: number }) {
  if (!symbols.length) return <p class="empty">The portfolio needs no prices.</p>;
  const worst = ["missing", "stale", "complete", "private"];
  const sorted = symbols.toSorted(
    (a, b) => worst.indexOf(a.status) - worst.indexOf(b.status) || b.quarantined - a.quarantined || b.missing - a.missing,
  );
  return (
    <DataTable
      label="Symbols"
      columns={COLUMNS}
      names={sorted.map((each) => instrument(each.symbol))}
      rows={sorted.map((each) => [
        <Symbol symbol={each.symbol} />,
        <>
          <span class={`pill ${TONES[each.status] ?? ""}`}>{words(each.status)}</span>{" "}
          {each.state !== each.status && each.state !== "complete" && <small>{each.state}</small>}
        </>,
        each.status === "private" ? "–" : number(each.prices, 0),
        each.status === "private" ? "–" : number(wanted, 0),
        each.last_session ?? "–",
        ageOf(each),
        each.sources.join(", ") || "–",
        number(each.quarantined, 0),
        <Why each={each} />,
      ])}
    />
  );
}

function ageOf({ age_sessions: age }: SymbolQuality): string {
  if (age === null || age === undefined) return "–";
  return age === 1 ? "1 session" : `${age} sessions`;
}

/** Why closes are missing, and those that were rejected. */
function Why({ each }: { each: SymbolQuality }) {
  const rejected = each.rejected ?? [];
  if (!each.reason && !rejected.length) return <>–</>;
  return (
    <span class="wrap">
      {each.reason}
      {rejected.map((close) => (
        <span key={close.session_date} class="rejected">
          {close.session_date}: {close.close} of {close.source} rejected, {close.reason}
        </span>
      ))}
    </span>
  );
}

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { addressOf, read } from "../../api/client";
import { sumPositions } from "../../api/positions";
import type { GroupBy, PositionsTable, Status, SummedPositions, WantedSums } from "../../api/types";
import { number } from "../../format";
import { Editing, mayEdit, readOnly } from "../../parts/Editing";
import { Menu } from "../../parts/Menu";
import { go, useAddress } from "../../state/address";
import { useBook } from "../../state/book";
import { useLoaded } from "../../state/loading";
import { BulkTags } from "./BulkTags";
import { ColumnMenu } from "./ColumnMenu";
import { beginsColumn, chosenColumns } from "./columns";
import { FilterBar } from "./FilterBar";
import { Grid } from "./Grid";
import { NewPositionForm } from "./NewPositionForm";
import { fromAddress, inAddress, test, type Pill } from "./pills";
import { QuickPills } from "./QuickPills";
import { grouped, rowsOf, type Line, type Row } from "./rows";
import { sorted } from "./sorting";
import { TagColours } from "./TagMark";
import { Views } from "./Views";

const GROUPS: GroupBy[] = ["underlying", "sector", "tag", "strategy", "expiry", "type", "class"];
const PAUSE_MILLISECONDS = 250;

/** The grid of positions: filtered and sorted here, valued and added up by the API. */
export function Book({ version, onChanged }: { version: string; onChanged: () => void }) {
  const { portfolio, report, asOf } = useBook();
  const address = useAddress();
  const { filter = "", group, sort } = address;
  const status = statusOf(address["status"]);
  const portfolioId = report.portfolio.portfolio_id;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const table = useRef<HTMLTableElement>(null);
  const key = `${version} ${asOf} ${status}`;
  const loaded = useLoaded<PositionsTable>(
    `${portfolioId} ${asOf} ${status}`,
    () => read("positions/table", {}, { portfolio_id: portfolioId, as_of: asOf, status }),
    version,
  );
  const shown = loaded.value?.portfolio_id === portfolioId ? loaded.value : null;
  const rows = useMemo(() => (shown ? rowsOf(shown) : []), [shown]);
  const colours = useMemo(() => new Map(shown?.tags.map((tag) => [tag.name, tag.colour])), [shown]);
  const pills = useMemo(() => fromAddress(address["where"]), [address["where"]]);
  const columns = useMemo(() => chosenColumns(address["columns"]), [address["columns"]]);
  const ordered = useMemo(() => sorted(rows, sort), [rows, sort]);
  const wanted = useMemo(() => meeting(ordered, pills, filter), [ordered, pills, filter]);
  const groupBy = GROUPS.find((each) => each === group);
  const some = wanted.length < rows.length;
  const sums = useSums(
    some || groupBy ? `${key} ${groupBy} ${some ? `${address["where"]} ${filter}` : ""}` : null,
    () => ({
      portfolio_id: portfolioId,
      as_of: asOf ?? null,
      status,
      by: groupBy ?? null,
      position_ids: some ? wanted.map((row) => row.position_id) : null,
    }),
  );
  const lines = useMemo<Line[]>(
    () =>
      groupBy && sums.value?.by === groupBy
        ? grouped(wanted, sums.value.groups, closed)
        : wanted.map((row) => ({ kind: "row", row })),
    [wanted, groupBy, sums.value, closed],
  );
  const added = some || groupBy !== undefined;
  const settled = !added || sums.settled;
  const all = added ? sums.value?.everything : shown?.everything;
  const toggle = (name: string) => {
    const next = new Set(closed);
    if (!next.delete(name)) next.add(name);
    setClosed(next);
  };
  const chosen = useMemo(() => wanted.filter((row) => marked.has(row.position_id)), [wanted, marked]);
  // By what was marked before: a row keeps the function that it was drawn with.
  const mark = (row: Row) =>
    setMarked((before) => {
      const next = new Set(before);
      if (!next.delete(row.position_id)) next.add(row.position_id);
      return next;
    });
  const filterBy = (next: Pill[]) => go({ where: inAddress(next) }, true);
  const problem = loaded.problem ?? sums.problem;
  return (
    <TagColours.Provider value={colours}>
      <div class="toolbar acts">
        <Views />
        <ColumnMenu columns={columns} />
        <Menu name="Export" label="Export">
          <p>
            <a href={addressOf("positions/export", {}, { portfolio_id: portfolioId, as_of: asOf })} download>
              Positions as CSV
            </a>{" "}
            <small>with tags; it can be imported again</small>
          </p>
          <p>
            <a href={addressOf("positions/export", {}, { portfolio_id: portfolioId, as_of: asOf, format: "json" })} download>
              Positions as JSON
            </a>
          </p>
          <p>
            <a
              href={addressOf("positions/export", {}, { portfolio_id: portfolioId, as_of: asOf, columns: "valued" })}
              download
            >
              Values as CSV
            </a>{" "}
            <small>with prices and their sources, P&amp;L and exposures</small>
          </p>
          <p>
            <a href={addressOf("portfolios/{portfolio_id}/transactions/export", { portfolio_id: portfolioId })} download>
              Transactions as CSV
            </a>
          </p>
          <p>
            <button type="button" class="link" onClick={() => copy(wanted, columns)}>
              Copy what is shown
            </button>{" "}
            <small>rows and columns, to paste into a sheet</small>
          </p>
        </Menu>
        <Editing quiet>
          <BulkTags rows={chosen.length ? chosen : wanted} marked={chosen.length > 0} version={version} onChanged={onChanged} />
        </Editing>
        {chosen.length > 0 && (
          <button type="button" class="pill" onClick={() => setMarked(new Set())}>
            {number(chosen.length, 0)} marked ✕
          </button>
        )}
        <Editing quiet>
          <Menu name="New position" label="New position">
            <NewPositionForm portfolioId={portfolioId} onSaved={onChanged} />
          </Menu>
        </Editing>
      </div>
      {!mayEdit(portfolio) && <p class="note">{readOnly(portfolio)}</p>}
      <div class="toolbar">
        <FilterBar
          rows={rows}
          pills={pills}
          filter={filter}
          onPills={filterBy}
          onFilter={(text) => go({ filter: text }, true)}
          onLeave={() => table.current?.focus()}
        />
        <label>
          Group by{" "}
          <select value={groupBy ?? ""} onChange={(event) => go({ group: event.currentTarget.value })}>
            <option value="">nothing</option>
            {GROUPS.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <label>
          Held{" "}
          <select value={status} onChange={(event) => go({ status: event.currentTarget.value })}>
            <option value="open">now</option>
            <option value="closed">before</option>
            <option value="all">now or before</option>
          </select>
        </label>
      </div>
      <div class="toolbar">
        <QuickPills pills={pills} onPills={filterBy} />
        <span class="note" role="status">
          {!shown ? (problem ? "" : "Loading …") : `${number(wanted.length, 0)} of ${number(rows.length, 0)} positions`}
        </span>
      </div>
      {problem && <p role="alert">{problem}</p>}
      {shown?.reason && rows.length > 0 && <p class="note">Not measured yet: {shown.reason}.</p>}
      {shown && rows.length === 0 ? (
        <Nothing status={status} />
      ) : problem && !shown ? null : (
        <Grid
          lines={lines}
          columns={columns}
          sort={sort}
          closed={closed}
          sums={(settled && all) || null}
          settled={settled}
          loading={!shown}
          table={table}
          marked={marked}
          onMark={mark}
          onToggle={toggle}
          onOpen={(row) => go({ open: row.position_id })}
        />
      )}
    </TagColours.Provider>
  );
}

function statusOf(word: string | undefined): Status {
  return word === "closed" || word === "all" ? word : "open";
}

function meeting(rows: Row[], pills: Pill[], filter: string): Row[] {
  const tests = pills.map(test);
  const wanted = filter.trim().toLowerCase();
  const met = tests.length ? rows.filter((row) => tests.every((meets) => meets(row))) : rows;
  if (!wanted) return met;
  const found = met.filter((row) => row.searched.includes(wanted));
  // What begins the name of a column is on its way to a pill.
  return found.length || !beginsColumn(wanted) ? found : met;
}

/** The API's sums, once the filter has been still for a moment. */
function useSums(key: string | null, wanted: () => WantedSums) {
  const [still, setStill] = useState<string | null>(null);
  const latest = useRef(wanted);
  latest.current = wanted;
  useEffect(() => {
    const waiting = window.setTimeout(() => setStill(key), PAUSE_MILLISECONDS);
    return () => window.clearTimeout(waiting);
  }, [key]);
  const loaded = useLoaded<SummedPositions>(still, () => sumPositions(latest.current()));
  return { ...loaded, settled: still === key && !loaded.loading };
}

function copy(rows: Row[], columns: ReturnType<typeof chosenColumns>): void {
  const lines = [
    columns.map((column) => column.name),
    ...rows.map((row) => columns.map((column) => [column.value(row) ?? ""].flat().join(", "))),
  ];
  void navigator.clipboard.writeText(lines.map((line) => line.join("\t")).join("\n"));
}

function Nothing({ status }: { status: Status }) {
  if (status !== "open") return <p class="empty">No position was closed yet.</p>;
  return (
    <div class="card">
      <h2>Nothing is held</h2>
      <p>Import a file, enter a position above, or enter transactions.</p>
      <p class="buttons">
        <button type="button" class="primary" onClick={() => go({ screen: "import" })}>
          Import a file
        </button>
        <button type="button" onClick={() => go({ list: "transactions" })}>
          Enter a transaction
        </button>
      </p>
    </div>
  );
}

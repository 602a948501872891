import { useState } from "preact/hooks";

import { correlatePositions, read } from "../api/client";
import type { CorrelationMatrix, CorrelationReport, FactorMatrix, HedgingPair, PairHistory } from "../api/types";
import { fixed, money, number, percent, sentence } from "../format";
import { DataTable } from "../parts/DataTable";
import { Facts } from "../parts/Facts";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { Waiting } from "../parts/Waiting";
import { go, useAddress } from "../state/address";
import { useBook } from "../state/book";
import { untilRunEnds } from "../state/events";
import { describe, useLoaded } from "../state/loading";
import { Matrix } from "./CorrelationMatrix";
import { History } from "./PairHistory";

type Pair = [string, string];
const SIDE_BY_SIDE = 12; // symbols up to which the matrix has room in half of the width

/** How a portfolio's underlyings, and the factors, move together. */
export function Correlation() {
  const { report, asOf, version } = useBook();
  const { pair } = useAddress();
  const id = report.portfolio.portfolio_id;
  const key = `${id} ${asOf}`;
  const query = { portfolio_id: id, as_of: asOf };
  const found = useLoaded<CorrelationReport>(key, () => read("risk/correlations/positions/metrics", {}, query), version);
  const matrix = useLoaded<CorrelationMatrix>(
    key,
    () => read("risk/correlations/positions/matrix", {}, query),
    version,
  );
  const factors = useLoaded<FactorMatrix>(
    `${asOf}`,
    () =>
      read("risk/correlations/factors/matrix", {}, { as_of: asOf }),
    version,
  );
  const chosen = chosenPair(pair, matrix.value);
  const history = useLoaded<PairHistory>(
    chosen ? `${key} ${chosen.join(" ")}` : null,
    () =>
      read("risk/correlations/positions/pairs/{symbol_a}/{symbol_b}", { symbol_a: chosen?.[0] ?? "", symbol_b: chosen?.[1] ?? "" }, {
        portfolio_id: id,
        to: asOf,
      }),
    version,
  );
  if (!found.value || !matrix.value) {
    return (
      <div class="grid">
        <Waiting title="How positions move together" loaded={found.value ? matrix : found} wide />
      </div>
    );
  }
  const order = orderOf(found.value, matrix.value);
  const wide = order.length > SIDE_BY_SIDE;
  return (
    <div class="grid">
      <Summary found={found.value} />
      {order.length > 1 && (
        <>
          <Matrix
            matrix={matrix.value}
            wide={wide}
            order={order}
            chosen={chosen}
            onChoose={(one, other) => go({ pair: `${one},${other}` })}
          />
          <Clusters found={found.value} />
          <Hedges found={found.value} matrix={matrix.value} />
        </>
      )}
      {chosen && <History wide={wide} pair={chosen} symbols={symbolsOf(matrix.value)} loaded={history} />}
      {factors.value ? <FactorCorrelations matrix={factors.value} /> : <Waiting title="Factors" loaded={factors} wide />}
    </div>
  );
}

export function symbolsOf(matrix: CorrelationMatrix): string[] {
  return matrix.symbols.map((each) => each.symbol);
}

/** The pair of the address, else the one that moves most against each other. */
function chosenPair(wanted: string | undefined, matrix: CorrelationMatrix | null): Pair | null {
  if (!matrix) return null;
  const symbols = symbolsOf(matrix);
  const [one = "", other = ""] = wanted?.split(",") ?? [];
  if (symbols.includes(one) && symbols.includes(other) && one !== other) return [one, other];
  const lowest = lowestPairs(matrix, 1)[0];
  return lowest ? [lowest.one, lowest.other] : null;
}

/** Members of a cluster side by side, the largest cluster first; what is in none comes after them. */
function orderOf(found: CorrelationReport, matrix: CorrelationMatrix): string[] {
  const clustered = found.linkage_clusters.flatMap((each) => each.symbols);
  const linked = found.clusters.flatMap((each) => each.members.map((member) => member.symbol));
  const symbols = symbolsOf(matrix);
  const order = [...new Set([...linked, ...clustered, ...symbols])];
  return order.filter((symbol) => symbols.includes(symbol));
}

interface Measured {
  one: string;
  other: string;
  correlation: number;
}

function lowestPairs(matrix: CorrelationMatrix, most: number): Measured[] {
  const symbols = symbolsOf(matrix);
  const pairs = symbols.flatMap((one, row) =>
    symbols.slice(0, row).flatMap((other, column) => {
      const correlation = matrix.correlations[row]?.[column];
      return typeof correlation === "number" ? [{ one, other, correlation }] : [];
    }),
  );
  return pairs.toSorted((a, b) => a.correlation - b.correlation).slice(0, most);
}

function Summary({ found }: { found: CorrelationReport }) {
  const parameters = found.parameters;
  return (
    <Panel
      title="How positions move together"
      wide
      note={found.as_of && parameters ? `calculated once a week, last on ${found.as_of}, over ${parameters.lookback} sessions` : undefined}
    >
      {!found.as_of && <Calculate />}
      {found.reason ? (
        <p class="empty">{sentence(found.reason)}</p>
      ) : (
        <Facts
          label="Correlation in sum"
          facts={[
            { name: "Mean |correlation|", measure: "overall_correlation", value: fixed(found.overall_correlation, 3) },
            { name: "Value in clusters", measure: "concentration", value: percent(found.concentration) },
            { name: "Effective positions", measure: "effective_positions", value: number(found.effective_positions, 2) },
            { name: "Symbols", measure: "symbols_kept", value: number(found.symbols_kept, 0) },
            { name: "Pairs that hedge", measure: "hedging_pairs", value: number(found.hedging_pairs, 0) },
            { name: "Coverage", measure: "coverage", value: percent(found.coverage) },
          ]}
        />
      )}
      {found.left_out.length > 0 && (
        <details>
          <summary>Not included: {found.left_out.length}</summary>
          <DataTable
            label="Positions not included"
            columns={[{ name: "Position" }, { name: "Why" }]}
            rows={found.left_out.map((each) => [each.symbol, each.reason])}
          />
        </details>
      )}
      {found.warnings.map((each) => (
        <p key={each.code} class="note">
          {[each.message, each.about?.join(", ")].filter(Boolean).join(": ")}
        </p>
      ))}
    </Panel>
  );
}

/** Correlations are calculated once a week: a young portfolio may have to wait for them. */
function Calculate() {
  const { report, asOf } = useBook();
  const [state, setState] = useState<string | null>(null);
  const start = () => {
    setState("Calculating …");
    correlatePositions(report.portfolio.portfolio_id, asOf).then(
      ({ run_id }) => untilRunEnds(run_id),
      (error: unknown) => setState(describe(error)),
    );
  };
  return (
    <div class="buttons small">
      <button type="button" disabled={state === "Calculating …"} onClick={start}>
        Calculate now
      </button>
      <span role="status">{state}</span>
    </div>
  );
}

function Clusters({ found }: { found: CorrelationReport }) {
  const columns = [
    { name: "Cluster" },
    { name: "Members" },
    { name: "Value", numeric: true },
    { name: "Weight of gross", numeric: true },
    { name: "Mean |correlation|", numeric: true },
  ];
  const rows = found.clusters.map((each) => [
    each.name,
    <span class="members">{each.members.map((member) => member.symbol).join(", ")}</span>,
    <Figure measure="value">{money(each.value, { whole: true })}</Figure>,
    <Figure measure="weight">{percent(each.weight)}</Figure>,
    <Figure measure="mean_correlation">{fixed(each.mean_correlation, 3)}</Figure>,
  ]);
  const linked = found.linkage_clusters.map((each) => `${each.name} (${each.symbols.join(", ")})`);
  return (
    <Panel title="Clusters" note={`linked by |correlation| of ${found.parameters?.cluster_threshold ?? "–"} or more`}>
      {rows.length ? (
        <DataTable label="Clusters" columns={columns} rows={rows} />
      ) : (
        <p class="empty">No two underlyings are correlated that strongly.</p>
      )}
      {linked.length > 0 && <p class="note">By average linkage: {linked.join("; ")}</p>}
    </Panel>
  );
}

const LOWEST = 10;

function Hedges({ found, matrix }: { found: CorrelationReport; matrix: CorrelationMatrix }) {
  const values = new Map(matrix.symbols.map((each) => [each.symbol, each.value]));
  const hedges = found.hedges.map((each) => row(each, "hedges"));
  const known = new Set(found.hedges.map((each) => nameOf(each.symbol_a, each.symbol_b)));
  const lowest = lowestPairs(matrix, LOWEST)
    .filter((each) => !known.has(nameOf(each.one, each.other)))
    .map((each) =>
      row(
        {
          symbol_a: each.one,
          symbol_b: each.other,
          value_a: values.get(each.one) ?? 0,
          value_b: values.get(each.other) ?? 0,
          correlation: each.correlation,
        },
        "",
      ),
    );
  const title = hedges.length ? "Pairs that hedge" : "Lowest correlations";
  const columns = [
    { name: "Pair" },
    { name: "Correlation", numeric: true },
    { name: "Value of the first", numeric: true },
    { name: "Value of the second", numeric: true },
    { name: "" },
  ];
  return (
    <Panel
      title={title}
      note={hedges.length ? "one gains when the other loses; then the lowest correlations" : "in no pair does one gain when the other loses"}
    >
      {hedges.length + lowest.length ? (
        <DataTable label={title} columns={columns} rows={[...hedges, ...lowest]} />
      ) : (
        <p class="empty">{sentence(found.reason ?? "No pair has a correlation")}</p>
      )}
    </Panel>
  );
}

const nameOf = (one: string, other: string) => [one, other].sort().join(" ");

function row(pair: HedgingPair, note: string) {
  return [
    <button type="button" class="link" onClick={() => go({ pair: `${pair.symbol_a},${pair.symbol_b}` })}>
      {pair.symbol_a} and {pair.symbol_b}
    </button>,
    <Figure measure="correlation">{fixed(pair.correlation, 3, true)}</Figure>,
    <Figure measure="value_a">{money(pair.value_a, { whole: true })}</Figure>,
    <Figure measure="value_b">{money(pair.value_b, { whole: true })}</Figure>,
    <small>{note}</small>,
  ];
}

function FactorCorrelations({ matrix }: { matrix: FactorMatrix }) {
  const rows = matrix.factors.map((each, place) => [
    each.name,
    ...(matrix.correlations[place] ?? []).map((value) => <Figure measure="correlation">{fixed(value, 2, true)}</Figure>),
  ]);
  const columns = [{ name: "Factor" }, ...matrix.factors.map((each) => ({ name: each.name, numeric: true }))];
  const { mean, min, max } = matrix.statistics;
  return (
    <Panel
      title="Factors"
      wide
      note={`${matrix.as_of ? `of ${matrix.as_of}, every session; ` : ""}styles over the market; mean ${fixed(mean, 2, true)}, from ${fixed(min, 2, true)} to ${fixed(max, 2, true)}`}
    >
      {matrix.reason ? (
        <p class="empty">{sentence(matrix.reason)}</p>
      ) : (
        <DataTable label="Correlations of the factors" columns={columns} rows={rows} />
      )}
    </Panel>
  );
}

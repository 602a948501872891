import { read } from "../api/client";
import type { PositionFactorPage } from "../api/types";
import { instrument, money, number, percent, sentence } from "../format";
import { DataTable } from "../parts/DataTable";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { go, useAddress } from "../state/address";
import { useBook } from "../state/book";
import { useLoaded } from "../state/loading";

const ROWS = 100;

/** Which position is exposed to what; a click on a symbol shows the regression behind it. */
export function PositionExposures() {
  const { report, asOf, version } = useBook();
  const { from } = useAddress();
  const offset = Math.max(Number(from) || 0, 0);
  const id = report.portfolio.portfolio_id;
  const page = useLoaded<PositionFactorPage>(
    `${id} ${asOf} ${offset}`,
    () =>
      read("factors/exposures/{portfolio_id}/positions", { portfolio_id: id }, { as_of: asOf, limit: ROWS, offset }),
    version,
  );
  const items = page.value?.items ?? [];
  const factors = items[0]?.factors ?? [];
  const columns = [
    { name: "Position" },
    { name: "Delta-adjusted", numeric: true },
    ...factors.map((each) => ({ name: each.name, numeric: true })),
    { name: "R²", numeric: true },
    { name: "Days", numeric: true },
    { name: "" },
  ];
  const rows = items.map((each) => [
    <button type="button" class="link" onClick={() => go({ symbol: each.underlying })}>
      {instrument(each.symbol)}
    </button>,
    <Figure measure="exposure" position={each.position_id}>
      {money(each.exposure, { whole: true })}
    </Figure>,
    ...each.factors.map((one) => (
      <Figure measure="factor_exposure" position={each.position_id}>
        {money(one.factor_exposure, { whole: true, plus: true })}
      </Figure>
    )),
    <Figure measure="r_squared">{percent(each.factors[0]?.r_squared)}</Figure>,
    <Figure measure="observations">{number(each.factors[0]?.observations, 0)}</Figure>,
    <small>{each.factors[0]?.reason ?? quality(each.factors[0]?.quality)}</small>,
  ]);
  const total = page.value?.total ?? 0;
  return (
    <Panel title="Exposures by position" wide note="USD; a symbol shows its regression">
      {page.problem && <p role="alert">{page.problem}</p>}
      {page.loading && !page.value && <p class="empty">Loading …</p>}
      {page.value && !items.length && (
        <p class="empty">{sentence(page.value.reason ?? "No position is exposed to a factor on this session")}</p>
      )}
      {items.length > 0 && <DataTable label="Exposures by position" columns={columns} rows={rows} />}
      {total > ROWS && <Pages offset={offset} total={total} />}
    </Panel>
  );
}

function quality(word: string | null | undefined): string {
  return word === "limited_history" ? "short history" : "";
}

function Pages({ offset, total }: { offset: number; total: number }) {
  const last = Math.min(offset + ROWS, total);
  return (
    <p class="note">
      {number(offset + 1, 0)} to {number(last, 0)} of {number(total, 0)}{" "}
      {offset > 0 && (
        <button type="button" class="link" onClick={() => go({ from: String(Math.max(offset - ROWS, 0)) })}>
          Earlier
        </button>
      )}
      {last < total && (
        <button type="button" class="link" onClick={() => go({ from: String(offset + ROWS) })}>
          Further
        </button>
      )}
    </p>
  );
}

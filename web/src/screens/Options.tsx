import { evaluateCurve, evaluateGrid, read } from "../api/client";
import type { CurveReport, GridReport, OptionMap, PortfolioReport, SmileReport } from "../api/types";
import { shock } from "../format";
import { Select } from "../parts/Select";
import { Choice } from "../parts/Choice";
import { Waiting } from "../parts/Waiting";
import { go, useAddress } from "../state/address";
import { useBook } from "../state/book";
import { useLoaded } from "../state/loading";
import { GreekMap } from "./GreekMap";
import { ahead, isLine, LINES, OptionCurve, type Line } from "./OptionCurve";
import { OptionContracts } from "./OptionContracts";
import { OptionGrid } from "./OptionGrid";
import { Smiles } from "./Smiles";

const VOLATILITIES = [-0.25, 0, 0.25, 0.5];
/** Drawn beside the chosen volatility: what less and more of it would do. */
const DOWN_AND_UP = [-0.25, 0.25];
const WHOLE = "the whole portfolio";
const DAYS = [0, 7, 30];
const MOST_DATES = 5;
const LONGEST = 3650;
/** Options of which the API reprices no more than few spots, and of those only at one volatility. */
const MANY = 250;
const VERY_MANY = 700;
const FEW_SPOTS = [-0.3, -0.2, -0.1, -0.05, 0, 0.05, 0.1, 0.2, 0.3];

/** All positions, or those of one underlying: repriced by the API, and where their Greeks are. */
export function Options() {
  const { report, asOf, version } = useBook();
  const { underlying, line, volatility, ahead: wanted, days } = useAddress();
  const shown: Line = isLine(line) ? line : "pnl";
  const shift = Number(volatility ?? 0) || 0;
  const forward = daysOf(wanted);
  const day = forward.find((each) => String(each) === days) ?? forward[0] ?? 0;
  const id = report.portfolio.portfolio_id;
  const about = { portfolio_id: id, as_of: asOf ?? null, underlying: underlying ?? null };
  const key = `${id} ${asOf} ${underlying}`;
  const map = useLoaded<OptionMap>(
    key,
    () =>
      read("portfolios/{portfolio_id}/option-map", { portfolio_id: id }, { underlying, as_of: asOf }),
    version,
  );
  const grid = useLoaded<GridReport>(`${key} ${forward}`, () => evaluateGrid({ ...about, days_forward: forward }), version);
  const curve = useLoaded<CurveReport>(
    `${key} ${forward} ${shift}`,
    () =>
      evaluateCurve({ ...about, ...pointsFor(report, underlying), days_forward: forward, volatility_shock: shift }),
    version,
  );
  const smile = useLoaded<SmileReport>(
    underlying ? key : null,
    () =>
      read("risk/smile/{symbol}", { symbol: underlying ?? "" }, { as_of: asOf }),
    version,
  );
  const dates = grid.value?.dates ?? [];
  return (
    <div class="grid options">
      <div class="toolbar wide">
        <Select
          name="Of"
          value={underlying ?? ""}
          choices={[["", WHOLE], ...namesIn(report).map((each): [string, string] => [each, each])]}
          onChoose={(value) => go({ underlying: value, cell: undefined })}
        />
        <Select
          name="Curve of"
          value={shown}
          choices={Object.entries(LINES)}
          onChoose={(value) => go({ line: value === "pnl" ? undefined : value })}
        />
        <Select
          name="Volatility"
          value={String(shift)}
          choices={VOLATILITIES.map((each) => [String(each), each ? shock(each) : "as it is"])}
          onChoose={(value) => go({ volatility: value === "0" ? undefined : value })}
        />
        <DaysAhead key={forward.join()} days={forward} expiries={map.value?.expiries.map((each) => each.days) ?? []} />
        <Choice
          label="Date"
          choices={dates.map((each): [string, string] => [String(each.days_forward), ahead(each)])}
          chosen={String(day)}
          onChoose={(value) => go({ days: value })}
        />
      </div>
      {curve.value ? (
        <OptionCurve curve={curve.value} line={shown} day={day} />
      ) : (
        <Waiting title="Curve" loaded={curve} />
      )}
      {grid.value ? (
        <OptionGrid grid={grid.value} day={day} />
      ) : (
        <Waiting title="Spot and volatility" loaded={grid} />
      )}
      {map.value ? (
        <GreekMap map={map.value} />
      ) : (
        <Waiting title="Greeks by expiry" loaded={map} wide />
      )}
      {underlying && map.value && map.value.options.positions > 0 && (
        <Smiles smile={smile.value} loading={smile.loading} problem={smile.problem} underlying={underlying} />
      )}
      {map.value && map.value.options.positions > 0 && <OptionContracts map={map.value} />}
    </div>
  );
}

/** Fewer points for many options: the API limits how often contracts are repriced for one request. */
function pointsFor(report: PortfolioReport, underlying: string | undefined): { spots?: number[]; volatilities: number[] } {
  const options = report.positions.filter((each) => each.strike !== null && (!underlying || each.underlying === underlying));
  return {
    ...(options.length > MANY ? { spots: FEW_SPOTS } : {}),
    volatilities: options.length > VERY_MANY ? [] : DOWN_AND_UP,
  };
}

/** The underlyings that options are held on. */
function namesIn(report: PortfolioReport): string[] {
  const optioned = report.positions.filter((each) => each.strike !== null).map((each) => each.underlying);
  return [...new Set(optioned)].sort();
}

function daysOf(text: string | undefined): number[] {
  const found = (text?.match(/\d+/g) ?? []).map(Number).filter((each) => each <= LONGEST);
  const distinct = [...new Set(found)].sort((a, b) => a - b).slice(0, MOST_DATES);
  return distinct.length ? distinct : DAYS;
}

/** The calendar days that curve and grid look ahead; by hand, or to the next expiries. */
function DaysAhead({ days, expiries }: { days: number[]; expiries: number[] }) {
  const set = (text: string) => go({ ahead: text === DAYS.join(",") ? undefined : text, days: undefined });
  const next = [0, ...expiries.filter((each) => each > 0).slice(0, MOST_DATES - 1)];
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget as HTMLFormElement);
        set(daysOf(String(form.get("ahead"))).join(","));
      }}
    >
      <label>
        Days ahead <input name="ahead" class="short" defaultValue={days.join(", ")} inputMode="numeric" />
      </label>
      {next.length > 1 && (
        <button type="button" class="quiet" onClick={() => set(next.join(","))}>
          to expiries
        </button>
      )}
    </form>
  );
}

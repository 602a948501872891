import type { GridReport } from "../api/types";
import { fixed, money, shock } from "../format";
import { Heat, largest } from "../parts/Heat";
import { Panel } from "../parts/Panel";
import { Part } from "../parts/Part";
import { ahead, moved } from "./OptionCurve";

const still = (value: number) => (value ? shock(value) : "as it is");

/** P&L by spot and volatility on one date; the colour repeats what the number says. */
export function OptionGrid({ grid, day }: { grid: GridReport; day: number }) {
  const place = Math.max(
    grid.dates.findIndex((each) => each.days_forward === day),
    0,
  );
  const date = grid.dates[place];
  const cells = grid.pnl[place] ?? [];
  const most = largest(cells.flat());
  const inThousands = most >= 10_000; // so that every column fits beside the curve
  const of = grid.underlying ?? "the whole portfolio";
  return (
    <Panel
      title="P&L by spot and volatility"
      note={`of ${moved(grid)}, ${date ? ahead(date) : ""}${inThousands ? "; thousand USD" : ""}`}
    >
      <div class="scroll" tabIndex={0} role="region" aria-label="P&L by spot and volatility">
        <table class="heat">
          <thead>
            <tr>
              <th scope="col">Spot \ volatility</th>
              {grid.volatilities.map((each) => (
                <th key={each} scope="col" class="number">
                  {still(each)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {grid.spots.map((spot, row) => (
              <tr key={spot}>
                <th scope="row">{still(spot)}</th>
                {cells.map((line, column) => {
                  const pnl = line[row] ?? 0;
                  return (
                    <Heat key={column} value={pnl} most={most}>
                      <Part
                        measure="pnl"
                        about={`${of}, spot ${still(spot)}, volatility ${still(grid.volatilities[column] ?? 0)}, ${date ? ahead(date) : ""}`}
                        amount={money(pnl, { plus: true })}
                      >
                        {inThousands ? fixed(pnl / 1000, 1, true) : money(pnl, { plus: true, whole: true })}
                      </Part>
                    </Heat>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {grid.warnings.map((each) => (
        <p key={each.code} class="note">
          {each.message}: {(each.about ?? []).join(", ")}
        </p>
      ))}
    </Panel>
  );
}

import type { SummedPortfolios } from "../api/types";
import { money, sentence, tone } from "../format";
import { DataTable } from "../parts/DataTable";
import { go } from "../state/address";
import { Dialog } from "./Dialog";

const SHOWN = 5;
const SIGNED = { plus: true, whole: true };

/** All portfolios added up by the API, with what the sums leave out. */
export function AllPortfolios({ summary }: { summary: SummedPortfolios }) {
  const close = () => go({ dialog: undefined });
  const signed = (value: number | null) => (
    <span class={tone(value)}>{money(value, SIGNED)}</span>
  );
  const figures = [
    ["NAV", money(summary.nav, { whole: true })],
    ["Cash", money(summary.cash, { whole: true })],
    ["Day P&L", signed(summary.daily_pnl)],
    ["P&L since the beginning", signed(summary.cumulative_pnl)],
    ["Gross, delta-adjusted", money(summary.exposures?.delta_adjusted.gross, { whole: true })],
    ["Net, delta-adjusted", money(summary.exposures?.delta_adjusted.net, SIGNED)],
    ["Theta, 1 day", money(summary.theta, SIGNED)],
    ["Vega, 1 point", money(summary.vega, SIGNED)],
    ["Sum of VaR 95 %", money(summary.var_95_1d_sum, { whole: true })],
  ];
  return (
    <Dialog label="All portfolios" onClose={close}>
      <h2>All portfolios{summary.as_of && `, ${summary.as_of}`}</h2>
      {summary.reason && <p class="empty">{sentence(summary.reason)}</p>}
      <DataTable
        label="All portfolios added up"
        columns={[{ name: "Figure" }, { name: `${summary.added} of ${summary.portfolios} portfolios`, numeric: true }]}
        rows={figures}
      />
      <p class="note">
        Gross is not netted between portfolios. The sum of VaR is as if their bad days coincided: portfolios that
        hedge each other lose less.
      </p>
      {summary.scenarios.length > 0 && (
        <DataTable
          label="Worst scenarios of all portfolios"
          columns={[{ name: "Worst scenarios" }, { name: "Correlated", numeric: true }, { name: "Direct", numeric: true }]}
          rows={summary.scenarios.slice(0, SHOWN).map((each) => [each.name, signed(each.correlated), signed(each.direct)])}
        />
      )}
      {summary.left_out.length > 0 && (
        <ul class="reasons" aria-label="Not added">
          {summary.left_out.map((each) => (
            <li key={each.portfolio_id}>
              <strong>{each.name}</strong> is not in the sums: {each.reason}
            </li>
          ))}
        </ul>
      )}
      <button type="button" onClick={close}>
        Close
      </button>
    </Dialog>
  );
}

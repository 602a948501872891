import type { JudgedDay, JudgedVar } from "../api/types";
import { money, percent, sentence, tone, words } from "../format";
import { DataTable } from "../parts/DataTable";
import { Figure } from "../parts/Figure";
import { Panel } from "../parts/Panel";
import { go } from "../state/address";
import { titleOf, useBook } from "../state/book";
import type { Loaded } from "../state/loading";
import { Symbol } from "../parts/Symbol";

const MOST_ROWS = 200;

interface Props {
  day: string;
  judged: JudgedVar;
  loaded: Loaded<JudgedDay>;
}

/** Who lost how much on the day of an exception, next to what the evening before allowed for. */
export function Losers({ day, judged, loaded }: Props) {
  const { report } = useBook();
  const found = loaded.value?.as_of === day ? loaded.value : null;
  const allowed = judged.values[judged.session_dates.indexOf(day)];
  return (
    <Panel title={`The losers of ${day}`} wide note={`VaR of the evening before: ${money(allowed)} (${titleOf(report, judged.measure)})`}>
      {loaded.problem && <p role="alert">{loaded.problem}</p>}
      {!found && !loaded.problem && <p class="empty">Loading …</p>}
      {found?.reason && <p class="empty">{sentence(found.reason)}</p>}
      {found && !found.reason && <Rows day={found} />}
      <div class="buttons small">
        <button type="button" onClick={() => go({ as_of: day, screen: "overview", exception: undefined })}>
          All figures of that session
        </button>
        <button type="button" onClick={() => go({ exception: undefined })}>
          Close
        </button>
      </div>
    </Panel>
  );
}

function Rows({ day }: { day: JudgedDay }) {
  const columns = [
    { name: "Position" },
    { name: "Sector" },
    { name: "P&L of the day", numeric: true },
    { name: "Share of it", numeric: true },
    { name: `Component of VaR ${day.confidence} % before`, numeric: true },
    { name: "" },
  ];
  const amount = (measure: string, value: number | null, position?: string) => (
    <Figure measure={measure} position={position} tone={tone(value)}>
      {money(value, { plus: true })}
    </Figure>
  );
  const positions = day.positions.slice(0, MOST_ROWS).map((each) => [
    <Symbol symbol={each.symbol} />,
    each.sector ?? "no sector",
    amount("pnl", each.pnl, each.position_id),
    <Figure measure="share_of_total">{percent(each.share_of_total)}</Figure>,
    <Figure measure="component_var" position={each.position_id}>
      {money(each.component_var)}
    </Figure>,
    <small>{each.pnl === null ? "no price: counts nothing" : each.state === "held" ? "" : words(each.state)}</small>,
  ]);
  const others = [
    ["Income that was entered", "", amount("income", day.income), "", "", ""],
    ["Less trading away from the close", "", amount("trades", day.trades), "", "", ""],
  ].filter((_, place) => (place ? day.trades : day.income));
  const sum = [
    <strong>P&L of what was held</strong>,
    "",
    <strong>{amount("hypothetical_pnl", day.hypothetical_pnl)}</strong>,
    "",
    "",
    "",
  ];
  const left = day.positions.length - positions.length;
  return (
    <>
      <DataTable label={`P&L of ${day.as_of} by position`} columns={columns} rows={[...positions, ...others, sum]} />
      {left > 0 && <p class="note">Not shown: {left} positions that lost less, or gained.</p>}
    </>
  );
}

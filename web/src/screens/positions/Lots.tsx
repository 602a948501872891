import { read } from "../../api/client";
import type { LotOut, LotPage, LotStatus } from "../../api/types";
import { instrument, money, number, tone, words } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { Figure } from "../../parts/Figure";
import { Panel } from "../../parts/Panel";
import { go, useAddress } from "../../state/address";
import { useLoaded } from "../../state/loading";
import { PageTurner } from "./PageTurner";

const PAGE = 200;

interface Props {
  portfolioId: string;
  version: string;
  /** Of this instrument, and of options on it. */
  symbol?: string;
  /** The lot that is shown next to the table. */
  mine?: string;
}

/** What transactions opened, with what closed of it. */
export function Lots({ portfolioId, version, symbol, mine }: Props) {
  const { lots: wanted = "all", page = "0" } = useAddress();
  const offset = symbol ? 0 : Number(page) * PAGE || 0;
  const query = { symbol, status: wanted, limit: PAGE, offset };
  const loaded = useLoaded<LotPage>(
    `${portfolioId} ${symbol} ${wanted} ${offset}`,
    () =>
      read("portfolios/{portfolio_id}/lots", { portfolio_id: portfolioId }, query),
    version,
  );
  const lots = loaded.value;
  return (
    <Panel title="Lots" wide note={lots ? `${number(lots.total, 0)}, as of ${lots.valued_on ?? "no session"}` : undefined}>
      <div class="toolbar">
        <label>
          Show{" "}
          <select value={wanted} onChange={(event) => go({ lots: event.currentTarget.value, page: undefined }, true)}>
            {(["all", "open", "closed"] satisfies LotStatus[]).map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        {lots && <Totals lots={lots} of={symbol ? instrument(symbol) : "all lots shown"} />}
      </div>
      {loaded.problem && <p role="alert">{loaded.problem}</p>}
      {lots?.items.length ? (
        <DataTable label="Lots" columns={COLUMNS} rows={lots.items.flatMap((lot) => rowsOf(lot, mine))} />
      ) : (
        <p class="empty">{loaded.loading ? "Loading …" : "No lot."}</p>
      )}
      {!symbol && lots && <PageTurner total={lots.total} size={PAGE} offset={offset} />}
    </Panel>
  );
}

const COLUMNS = [
  { name: "Lot" },
  { name: "Opened" },
  { name: "Quantity", numeric: true },
  { name: "Left", numeric: true },
  { name: "Entry", numeric: true },
  { name: "Held", numeric: true },
  { name: "Cost", numeric: true },
  { name: "Value", numeric: true },
  { name: "Unrealised", numeric: true },
  { name: "Realised", numeric: true },
];

function Totals({ lots, of }: { lots: LotPage; of: string }) {
  const totals: Array<[string, string, number]> = [
    ["Realised", "realised_pnl", lots.totals.realised_pnl],
    ["Unrealised", "unrealised_pnl", lots.totals.unrealised_pnl],
    ["Together", "total_pnl", lots.totals.total_pnl],
  ];
  return (
    <dl class="returns" aria-label="Totals of lots">
      {totals.map(([name, measure, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Pnl measure={measure} of={`lots: ${of}`} value={value} />
          </dd>
        </div>
      ))}
      {lots.totals.unknown > 0 && (
        <div>
          <dt>Not known</dt>
          <dd>{number(lots.totals.unknown, 0)}</dd>
        </div>
      )}
    </dl>
  );
}

function Pnl({ measure, of, value }: { measure: string; of: string; value: number | null }) {
  return (
    <Figure measure={measure} of={of} tone={tone(value)}>
      {money(value, { plus: true })}
    </Figure>
  );
}

/** A lot, and below it each transaction that closed some of it. */
function rowsOf(lot: LotOut, mine: string | undefined) {
  const of = `lot of ${instrument(lot.symbol)}, ${lot.entry_date}`;
  const figure = (measure: string, text: string) => (
    <Figure measure={measure} of={of}>
      {text}
    </Figure>
  );
  const own = [
    <>
      <button type="button" class="link" onClick={() => go({ open: lot.position_id })}>
        {instrument(lot.symbol)}
      </button>{" "}
      {lot.position_id === mine && <span class="pill">this one</span>}
      {lot.exit_date && <small>closed {lot.exit_date}</small>}
    </>,
    lot.entry_date,
    figure("opened_quantity", number(lot.opened_quantity)),
    figure("quantity", number(lot.quantity)),
    figure("entry_price", money(lot.entry_price)),
    figure("days_held", lot.days_held === 1 ? "1 day" : `${number(lot.days_held, 0)} days`),
    figure("cost", money(lot.cost)),
    <span title={lot.reason ?? undefined}>{figure("market_value", money(lot.market_value))}</span>,
    <Pnl measure="unrealised_pnl" of={of} value={lot.unrealised_pnl} />,
    <Pnl measure="realised_pnl" of={of} value={lot.realised_pnl} />,
  ];
  const closings = lot.closings.map((closing) => [
    <small class="closing">{words(closing.kind).toLowerCase()}</small>,
    closing.trade_date,
    <span>{number(closing.quantity)}</span>,
    "",
    <span>{money(closing.price)}</span>,
    "",
    "",
    "",
    "",
    <Pnl measure="realised_pnl" of={`${closing.trade_date}, ${of}`} value={closing.realised_pnl} />,
  ]);
  return [own, ...closings];
}

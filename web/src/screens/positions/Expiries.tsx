import { read } from "../../api/client";
import type { Expiry, ExpiringOption, ExpiryReport } from "../../api/types";
import { instrument, money, number, tone, words } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { Figure } from "../../parts/Figure";
import { Panel } from "../../parts/Panel";
import { go, useAddress } from "../../state/address";
import { useLoaded } from "../../state/loading";
import { monthsOf, type Month } from "./months";

/** The options held by expiry, and what each would end as at the last close of its underlying. */
export function Expiries({ portfolioId, version }: { portfolioId: string; version: string }) {
  const { expiry: wanted } = useAddress();
  const loaded = useLoaded<ExpiryReport>(
    portfolioId,
    () =>
      read("portfolios/{portfolio_id}/expiries", { portfolio_id: portfolioId }),
    version,
  );
  const report = loaded.value;
  if (!report) return loaded.problem ? <p role="alert">{loaded.problem}</p> : <p class="empty">Loading …</p>;
  const shown = report.items.filter((each) => !wanted || each.expiry === wanted);
  const ending = report.items.length + report.unsettled.length;
  return (
    <div class="grid">
      {!ending && (
        <Panel title="Expiries" wide>
          <p class="empty">No option is held.</p>
        </Panel>
      )}
      {report.items.length > 0 && (
        <Panel title="Calendar" wide note={`as of ${report.as_of}; what would end at the last closes`}>
          <div class="months">
            {monthsOf(report.items).map((month) => (
              <MonthSheet key={month.name} month={month} wanted={wanted} />
            ))}
          </div>
          {wanted && (
            <button type="button" class="pill" aria-pressed="true" onClick={() => go({ expiry: undefined }, true)}>
              {wanted} ✕
            </button>
          )}
        </Panel>
      )}
      {report.unsettled.length > 0 && (
        <Panel title="Not settled" wide note="past their last session; no close is known of it">
          <Options options={report.unsettled} label="Not settled" />
        </Panel>
      )}
      {shown.map((each) => (
        <Panel key={each.expiry} title={each.expiry} wide note={noteOf(each)}>
          <p class="note">
            Cash of all together:{" "}
            <Figure measure="cash" of={`expiries of ${each.expiry}`} tone={tone(each.cash)}>
              {money(each.cash, { plus: true })}
            </Figure>
          </p>
          <Options options={each.options} label={`Options of ${each.expiry}`} />
        </Panel>
      ))}
    </div>
  );
}

function noteOf({ expiry, last_session: last, days_left: left }: Expiry): string {
  const when = left === 0 ? "today" : left === 1 ? "tomorrow" : `in ${number(left, 0)} days`;
  return last === expiry ? when : `${when}; last session ${last}`;
}

function MonthSheet({ month, wanted }: { month: Month; wanted: string | undefined }) {
  return (
    <table class="month" aria-label={month.name}>
      <caption>{month.name}</caption>
      <thead>
        <tr>
          {["Mo", "Tu", "We", "Th", "Fr"].map((day) => (
            <th key={day} scope="col">
              {day}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {month.weeks.map((week, number) => (
          <tr key={number}>
            {week.map((day, place) => (
              <td key={place}>
                {day?.expiry ? (
                  <button
                    type="button"
                    aria-pressed={day.expiry.expiry === wanted}
                    title={titleOf(day.expiry)}
                    onClick={() => go({ expiry: day.expiry?.expiry === wanted ? undefined : day.expiry?.expiry }, true)}
                  >
                    {day.number}
                    <small>{day.expiry.options.length}</small>
                  </button>
                ) : (
                  <span>{day?.number}</span>
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function titleOf({ expiry, options }: Expiry): string {
  const count = options.length === 1 ? "1 option" : `${options.length} options`;
  return `${expiry}: ${count}`;
}

const COLUMNS = [
  { name: "Option" },
  { name: "Quantity", numeric: true },
  { name: "Underlying", numeric: true },
  { name: "Intrinsic value", numeric: true },
  { name: "Would be" },
  { name: "Shares", numeric: true },
  { name: "Cash", numeric: true },
];
const TONES: Record<string, string> = { exercised: "good", assigned: "warn", cash_settled: "", worthless: "" };

function Options({ options, label }: { options: ExpiringOption[]; label: string }) {
  return <DataTable label={label} columns={COLUMNS} rows={options.map(rowOf)} />;
}

function rowOf(option: ExpiringOption) {
  const of = `${instrument(option.symbol)} at its expiry`;
  const figure = (measure: string, value: number | null, text: string) =>
    value === null ? (
      "–"
    ) : (
      <Figure measure={measure} of={of}>
        {text}
      </Figure>
    );
  return [
    <button type="button" class="link" onClick={() => go({ open: option.position_id })}>
      {instrument(option.symbol)}
    </button>,
    figure("quantity", option.quantity, number(option.quantity)),
    <span title={option.price_date ? `close of ${option.price_date}` : undefined}>
      {figure("underlying_price", option.underlying_price, money(option.underlying_price))}
    </span>,
    figure("intrinsic_value", option.intrinsic_value, money(option.intrinsic_value)),
    option.outcome ? (
      <span class={`pill ${TONES[option.outcome] ?? ""}`}>{words(option.outcome).toLowerCase()}</span>
    ) : (
      <span class="pill warn">{option.reason ?? "not known"}</span>
    ),
    figure("shares", option.shares, number(option.shares, 2, true)),
    figure("cash", option.cash, money(option.cash, { plus: true })),
  ];
}

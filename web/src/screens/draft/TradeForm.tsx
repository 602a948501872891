import { useState } from "preact/hooks";

import { read } from "../../api/client";
import { addTrades, replaceTrade } from "../../api/drafts";
import type { DraftWithTrades, Strategy, TradeOut } from "../../api/types";
import type { PagePortfolioList } from "../../api/names";
import { words } from "../../format";
import { Problems } from "../../parts/Problems";
import { useActing } from "../../state/acting";
import { useLoaded } from "../../state/loading";
import { SymbolInput } from "./SymbolInput";
import { ACTIONS, EMPTY, STRATEGIES, fieldsOf, tradeOf, tradesShares, type Action, type Fields } from "./trades";

interface Props {
  draft: DraftWithTrades;
  /** The trade that is edited; none: a new one. */
  edited: TradeOut | null;
  onDone: () => void;
}

/** A trade, or a strategy of several legs, to enter or to change. */
export function TradeForm({ draft, edited, onDone }: Props) {
  const [fields, setFields] = useState<Fields>(edited ? fieldsOf(edited.wanted) : EMPTY);
  const acting = useActing(onDone);
  const set = (name: string) => (value: string) => setFields((before) => ({ ...before, [name]: value }));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const trade = tradeOf(fields);
    const work = () =>
      edited ? replaceTrade(draft, edited.trade_id, trade) : addTrades(draft, { trades: [trade] });
    void acting.act(work).then((done) => done && setFields({ ...EMPTY, action: fields["action"] ?? "buy" }));
  };
  const isOfPortfolios = /portfolio$/.test(fields["action"] ?? "");
  const portfolios = useLoaded<PagePortfolioList>(isOfPortfolios ? "portfolios" : null, () =>
    read("portfolios", {}, { limit: 1000, sort: "name" }),
  );
  const others = (portfolios.value?.items ?? [])
    .filter((each) => each.portfolio_id !== draft.base.portfolio_id)
    .map((each): [string, string] => [each.portfolio_id, each.name]);
  const parts = { fields, set, others };
  return (
    <form class="shock trade" onSubmit={submit} aria-label={edited ? "Change a trade" : "Enter a trade"}>
      <Choice name="action" label="Action" choices={ACTIONS} {...parts} />
      <Terms {...parts} />
      <Text name="note" label="Note" size={14} {...parts} />
      <button type="submit" class="primary" disabled={acting.busy}>
        {edited ? "Change" : "Enter"}
      </button>
      {edited && (
        <button type="button" onClick={onDone}>
          Cancel
        </button>
      )}
      <Problems trouble={acting.trouble} />
    </form>
  );
}

interface PartsProps {
  fields: Fields;
  set: (name: string) => (value: string) => void;
  others: Array<[string, string]>;
}

const SIZES = { quantity: "shares or contracts", exposure: "USD" };

function Terms(parts: PartsProps) {
  const { fields, set, others } = parts;
  const symbol = <SymbolInput name="symbol" label="Symbol" value={fields["symbol"] ?? ""} onInput={set("symbol")} />;
  const price = <Text name="price" label="Price, if not the close" size={9} {...parts} />;
  const fees = <Text name="fees" label="Fees, USD" size={6} {...parts} />;
  switch (fields["action"] as Action) {
    case "close":
      return (
        <>
          {symbol}
          <Text name="amount" label="Quantity, if not all" size={8} {...parts} />
          {price}
          {fees}
        </>
      );
    case "hedge":
      return (
        <>
          {symbol}
          <Choice
            name="measure"
            label="Against"
            choices={{ market_beta: "beta to the market", delta_adjusted: "dollar delta" }}
            {...parts}
          />
          <Text name="share" label="Share of it, %" size={6} {...parts} />
        </>
      );
    case "strategy":
      return <StrategyTerms {...parts} />;
    case "add_portfolio":
    case "subtract_portfolio":
      return <Choice name="portfolio_id" label="Portfolio" choices={Object.fromEntries(others)} {...parts} />;
    default:
      return (
        <>
          {symbol}
          <Text name="amount" label="Quantity" size={8} required {...parts} />
          <Choice name="size" label="In" choices={SIZES} {...parts} />
          {price}
          {fees}
        </>
      );
  }
}

function StrategyTerms(parts: PartsProps) {
  const { fields, set } = parts;
  const strategy = (fields["strategy"] ?? "vertical") as Strategy;
  const names = Object.fromEntries(Object.keys(STRATEGIES).map((each) => [each, words(each)]));
  return (
    <>
      <Choice name="side" label="Side" choices={{ buy: "Buy", sell: "Sell" }} {...parts} />
      <Choice name="strategy" label="Kind" choices={names} {...parts} />
      <SymbolInput
        name="underlying"
        label="Underlying"
        value={fields["underlying"] ?? ""}
        onInput={set("underlying")}
      />
      <label>
        Expiry
        <input
          type="date"
          name="expiry"
          required
          value={fields["expiry"] ?? ""}
          onInput={(event) => set("expiry")(event.currentTarget.value)}
        />
      </label>
      {strategy === "vertical" && (
        <Choice name="option_type" label="Of" choices={{ C: "calls", P: "puts" }} {...parts} />
      )}
      {STRATEGIES[strategy].map((name, place) => (
        <Text key={`${strategy} ${place}`} name={`strike_${place}`} label={name} size={7} required {...parts} />
      ))}
      <Text name="amount" label="How many" size={5} {...parts} />
      {tradesShares(strategy) && (
        <Choice name="shares" label="Shares" choices={{ yes: "traded too", no: "held already" }} {...parts} />
      )}
    </>
  );
}

interface TextProps extends PartsProps {
  name: string;
  label: string;
  size: number;
  required?: boolean;
}

function Text({ name, label, size, required = false, fields, set }: TextProps) {
  return (
    <label>
      {label}
      <input
        name={name}
        size={size}
        required={required}
        inputMode={name === "note" ? "text" : "decimal"}
        autocomplete="off"
        value={fields[name] ?? ""}
        onInput={(event) => set(name)(event.currentTarget.value)}
      />
    </label>
  );
}

interface ChoiceProps extends PartsProps {
  name: string;
  label: string;
  choices: Record<string, string>;
}

function Choice({ name, label, choices, fields, set }: ChoiceProps) {
  return (
    <label>
      {label}
      <select name={name} value={fields[name]} onChange={(event) => set(name)(event.currentTarget.value)}>
        {name === "portfolio_id" && <option value="">choose one</option>}
        {Object.entries(choices).map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

import type { NewTrade, Strategy } from "../../api/types";
import { instrument, number, words } from "../../format";

/** What the form of a trade offers: buying and selling are quantities of either sign. */
export const ACTIONS = {
  buy: "Buy",
  sell: "Sell",
  close: "Close",
  adjust: "Bring to",
  hedge: "Hedge with",
  strategy: "Strategy",
  add_portfolio: "Add a portfolio",
  subtract_portfolio: "Subtract a portfolio",
} as const;
export type Action = keyof typeof ACTIONS;

export const STRATEGIES: Record<Strategy, string[]> = {
  vertical: ["Strike bought", "Strike sold"],
  straddle: ["Strike"],
  strangle: ["Put strike", "Call strike"],
  collar: ["Put strike", "Call strike"],
  covered_call: ["Call strike"],
  protective_put: ["Put strike"],
  iron_condor: ["Put bought", "Put sold", "Call sold", "Call bought"],
};
const WITH_SHARES: Strategy[] = ["collar", "covered_call", "protective_put"];

export function tradesShares(strategy: Strategy): boolean {
  return WITH_SHARES.includes(strategy);
}

/** The fields of the form as they are typed. */
export type Fields = Record<string, string>;
const PERCENT = 100;

export const EMPTY: Fields = { action: "buy", size: "quantity", strategy: "vertical", option_type: "C", side: "buy" };

/** A trade that is edited, as fields. */
export function fieldsOf(wanted: Record<string, unknown>): Fields {
  const texts = Object.entries(wanted).filter(([, value]) => typeof value === "string" || typeof value === "number");
  const found: Fields = { ...EMPTY, ...Object.fromEntries(texts.map(([name, value]) => [name, String(value)])) };
  const size = "exposure" in found ? "exposure" : "quantity";
  const isSold = (found[size] ?? "").startsWith("-");
  if (found["action"] === "open") found["action"] = isSold ? "sell" : "buy";
  if (found["action"] === "strategy") found["side"] = isSold ? "sell" : "buy";
  if (found["action"] !== "adjust") found[size] = (found[size] ?? "").replace(/^-/, "");
  if (found["share"]) found["share"] = String(Number(found["share"]) * PERCENT);
  const strikes = Array.isArray(wanted["strikes"]) ? (wanted["strikes"] as unknown[]) : [];
  strikes.forEach((strike, place) => (found[`strike_${place}`] = String(strike)));
  if (wanted["shares"] === false) found["shares"] = "no";
  return { ...found, size, amount: found[size] ?? "" };
}

/** The fields as the API takes a trade; what is left empty is left out. */
export function tradeOf(fields: Fields): NewTrade {
  const text = (name: string) => (fields[name] ?? "").trim();
  const given = (...names: string[]) =>
    Object.fromEntries(names.filter((name) => text(name)).map((name) => [name, text(name)]));
  const symbol = text("symbol").toUpperCase();
  const common = given("price", "fees", "note");
  const sized = (sign: string) => {
    const amount = text("amount");
    return amount ? { [fields["size"] === "exposure" ? "exposure" : "quantity"]: signed(amount, sign) } : {};
  };
  switch (text("action") as Action) {
    case "close":
      return { action: "close", symbol, ...common, ...(text("amount") ? { quantity: text("amount") } : {}) };
    case "adjust":
      return { action: "adjust", symbol, ...common, ...sized("") };
    case "hedge":
      return {
        action: "hedge",
        symbol,
        ...common,
        measure: text("measure") === "delta_adjusted" ? "delta_adjusted" : "market_beta",
        ...(text("share") ? { share: Number(text("share")) / PERCENT } : {}),
      };
    case "strategy":
      return strategyOf(fields, text);
    case "add_portfolio":
    case "subtract_portfolio":
      return { action: text("action") as "add_portfolio", portfolio_id: text("portfolio_id"), ...given("note") };
    case "sell":
      return { action: "open", symbol, ...common, ...sized("-") };
    default:
      return { action: "open", symbol, ...common, ...sized("") };
  }
}

function strategyOf(fields: Fields, text: (name: string) => string): NewTrade {
  const strategy = text("strategy") as Strategy;
  const strikes = STRATEGIES[strategy].map((_, place) => text(`strike_${place}`)).filter(Boolean);
  const fees = text("fees");
  const note = text("note");
  return {
    action: "strategy",
    strategy,
    underlying: text("underlying").toUpperCase(),
    expiry: text("expiry") || null,
    strikes,
    quantity: signed(text("amount") || "1", fields["side"] === "sell" ? "-" : ""),
    ...(strategy === "vertical" ? { option_type: text("option_type") === "P" ? "P" : "C" } : {}),
    ...(tradesShares(strategy) && fields["shares"] === "no" ? { shares: false } : {}),
    ...(fees ? { fees } : {}),
    ...(note ? { note } : {}),
  };
}

function signed(amount: string, sign: string): string {
  return sign ? sign + amount.replace(/^[-+]/, "") : amount;
}

/** A trade as it was wanted, in a few words. */
export function wantedText(wanted: Record<string, unknown>): string {
  const of = (name: string) => (wanted[name] === undefined || wanted[name] === null ? "" : String(wanted[name]));
  const symbol = instrument(of("symbol"));
  const size = of("exposure") ? `$${number(Math.abs(Number(of("exposure"))))} of` : bare(of("quantity"));
  const isSold = (of("exposure") || of("quantity")).startsWith("-");
  switch (of("action")) {
    case "open":
      return `${isSold ? "Sell" : "Buy"} ${size} ${symbol}`;
    case "close":
      return ["Close", bare(of("quantity")), symbol].filter(Boolean).join(" ");
    case "adjust":
      return `Bring ${symbol} to ${of("exposure") ? `$${number(Number(of("exposure")))}` : number(Number(of("quantity")))}`;
    case "hedge":
      return `Hedge ${of("measure") === "market_beta" ? "beta" : "delta"} with ${symbol}`;
    case "strategy":
      return `${isSold ? "Sell" : "Buy"} ${bare(of("quantity"))} ${words(of("strategy")).toLowerCase()} ${of("underlying")} ${of("expiry")}`;
    default:
      return words(of("action"));
  }
}

function bare(quantity: string): string {
  return quantity ? number(Math.abs(Number(quantity))) : "";
}

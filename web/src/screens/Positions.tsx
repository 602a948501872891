import { useState } from "preact/hooks";

import { go, useAddress } from "../state/address";
import { useBook } from "../state/book";
import { Book } from "./positions/Book";
import { Expiries } from "./positions/Expiries";
import { Ledger } from "./positions/Ledger";
import { Lots } from "./positions/Lots";
import { PositionPanel } from "./positions/PositionPanel";
import { TagList } from "./positions/TagList";

const LISTS = {
  grid: "Positions",
  lots: "Lots",
  transactions: "Transactions",
  expiries: "Expiries",
  tags: "Tags",
} as const;

/** What the portfolio holds, what that came from, and what of it ends when. */
export function Positions() {
  const { report, version } = useBook();
  const { list = "grid", open } = useAddress();
  const [turn, setTurn] = useState(0);
  const id = report.portfolio.portfolio_id;
  const key = `${id} ${version} ${turn}`;
  const changed = () => setTurn((before) => before + 1);
  return (
    <section class="positions" aria-label="Positions">
      <div class="choice" role="group" aria-label="What is listed">
        {Object.entries(LISTS).map(([name, title]) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === list}
            onClick={() => go({ list: name === "grid" ? undefined : name })}
          >
            {title}
          </button>
        ))}
      </div>
      {list === "lots" ? (
        <Lots portfolioId={id} version={key} />
      ) : list === "transactions" ? (
        <Ledger portfolioId={id} version={key} onChanged={changed} />
      ) : list === "expiries" ? (
        <Expiries portfolioId={id} version={key} />
      ) : list === "tags" ? (
        <TagList version={key} onChanged={changed} />
      ) : (
        <Book version={key} onChanged={changed} />
      )}
      {open && <PositionPanel key={open} positionId={open} version={key} onChanged={changed} />}
    </section>
  );
}

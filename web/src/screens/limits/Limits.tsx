import { read } from "../../api/client";
import type { AlertPage, LimitTemplates, PageLimitOut } from "../../api/types";
import { Panel } from "../../parts/Panel";
import { Waiting } from "../../parts/Waiting";
import { go, useAddress } from "../../state/address";
import { useBook } from "../../state/book";
import { useLoaded } from "../../state/loading";
import { Alerts } from "./Alerts";
import { History } from "./History";
import { LimitForm } from "./LimitForm";
import { LimitTable } from "./LimitTable";

const TREND_SESSIONS = 60;

/** The limits of the portfolio with what is left of each; new ones are tried before they are set. */
export function Limits() {
  const { report, version, renew } = useBook();
  const { limit: chosen, edit } = useAddress();
  const id = report.portfolio.portfolio_id;
  const limits = useLoaded<PageLimitOut>(
    id,
    () =>
      read("limits", {}, { portfolio_id: id, limit: 1000, recent: TREND_SESSIONS }),
    version,
  );
  const templates = useLoaded<LimitTemplates>("templates", () => read("limits/templates"));
  const alerts = useLoaded<AlertPage>(
    id,
    () =>
      read("alerts", {}, { portfolio_id: id, limit: 50 }),
    version,
  );
  const items = limits.value?.items ?? [];
  const shown = items.find((each) => each.limit_id === chosen);
  return (
    <div class="grid">
      {limits.value ? (
        <Panel title="Limits" wide note={noteOf(items.length, report.as_of)}>
          {items.length ? (
            <LimitTable items={items} portfolioId={id} onDone={renew} />
          ) : (
            <p class="empty">No limit is set: choose one below.</p>
          )}
        </Panel>
      ) : (
        <Waiting title="Limits" loaded={limits} wide />
      )}
      {shown && edit !== "1" && <History key={shown.limit_id} limit={shown} portfolioId={id} turn={version} />}
      {!templates.value && <Waiting title="Set a limit" loaded={templates} />}
      {templates.value && (
        <LimitForm
          key={edit === "1" && shown ? shown.limit_id : "new"}
          templates={templates.value}
          portfolioId={id}
          edited={edit === "1" && shown ? shown : null}
          onDone={() => {
            go({ edit: undefined, limit: undefined }, true);
            renew();
          }}
        />
      )}
      <Alerts page={alerts.value} problem={alerts.problem} portfolioId={id} />
    </div>
  );
}

function noteOf(count: number, asOf: string | null): string | undefined {
  if (!count) return undefined;
  return `${count}, the most urgent first, as of ${asOf ?? "the last session"}`;
}

import { useEffect, useRef, useState } from "preact/hooks";

import { read } from "../api/client";
import type { ListedPortfolio } from "../api/names";
import type { AlertPage, PortfolioReport } from "../api/types";
import { moment, words } from "../format";
import { go, useAddress } from "../state/address";
import type { NewAlerts } from "../state/events";
import { LIMIT_TONES } from "../state/limits";
import { useLoaded } from "../state/loading";
import { Dialog } from "./Dialog";

interface Props {
  portfolios: ListedPortfolio[];
  latest: NewAlerts | null;
}

/** Long enough to be read twice; the count at "Alerts" stays. */
const SHOWN_MILLISECONDS = 12_000;
/** States of limits that an alert may be about and no user has dealt with. */
const OPEN_STATES = ["breached", "warning", "cleared"];

interface NewsProps extends Props {
  /** Of the portfolio that is open. */
  report: PortfolioReport | null;
}

/**
 * The news that a limit was reached: said at once, by the page and to readers of screens. It leaves by
 * itself, by Escape, by a click, and when what it is about is acknowledged.
 */
export function AlertNews({ portfolios, latest, report }: NewsProps) {
  const [dismissed, setDismissed] = useState(0);
  const [held, setHeld] = useState(false);
  const shown = latest && latest.number > dismissed ? latest : null;
  const number = shown?.number ?? 0;
  const dismiss = () => {
    setDismissed(number);
    setHeld(false);
  };
  useEffect(() => {
    if (!number || held) return;
    const leaving = window.setTimeout(dismiss, SHOWN_MILLISECONDS);
    return () => window.clearTimeout(leaving);
  }, [number, held]);
  useEffect(() => {
    if (!number) return;
    const pressed = (event: KeyboardEvent) => event.key === "Escape" && dismiss();
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [number]);
  // The report that was there when the news came says nothing of it.
  const before = useRef(report);
  useEffect(() => void (before.current = report), [number]);
  useEffect(() => {
    if (shown && report && report !== before.current && isDealtWith(shown, report)) dismiss();
  }, [report]);
  const names = portfolios.filter((each) => shown?.portfolio_ids.includes(each.portfolio_id));
  return (
    <div class="news" role="status" aria-live="assertive" aria-label="New alerts">
      {shown && (
        <div
          class="toast"
          onClick={dismiss}
          // Not by entering: it may appear under a pointer that rests.
          onMouseMove={() => setHeld(true)}
          onMouseLeave={() => setHeld(false)}
          onFocusCapture={() => setHeld(true)}
          onBlurCapture={() => setHeld(false)}
        >
          <p>
            <strong>{shown.alerts === 1 ? "1 new alert" : `${shown.alerts} new alerts`}</strong> of {shown.as_of}:{" "}
            {names.map((each) => each.name).join(", ")}
          </p>
          <button type="button" class="primary" onClick={() => go({ dialog: "alerts" })}>
            Show
          </button>
          <button type="button" class="quiet" aria-label="Dismiss">
            ✕
          </button>
        </div>
      )}
    </div>
  );
}

/** Whether nothing of it is left to be done in the portfolio that is open, the only one it is about. */
function isDealtWith(news: NewAlerts, { portfolio, as_of, limits }: PortfolioReport): boolean {
  const isOfThis = news.portfolio_ids.length === 1 && news.portfolio_ids[0] === portfolio.portfolio_id;
  return isOfThis && as_of === news.as_of && !OPEN_STATES.some((state) => limits[state]);
}

/** How many alerts came since the list was opened last. */
export function useUnseen(latest: NewAlerts | null): number {
  const { dialog } = useAddress();
  const [unseen, setUnseen] = useState(0);
  useEffect(() => {
    if (latest) setUnseen((before) => before + latest.alerts);
  }, [latest?.number]);
  useEffect(() => {
    if (dialog === "alerts") setUnseen(0);
  }, [dialog, latest?.number]);
  return unseen;
}

/** The last alerts of all portfolios. */
export function Alerts({ portfolios, latest }: Props) {
  const alerts = useLoaded<AlertPage>("alerts", () => read("alerts", {}, { limit: 50 }), latest?.number);
  const names = new Map(portfolios.map((each) => [each.portfolio_id, each.name]));
  const items = alerts.value?.items ?? [];
  const close = () => go({ dialog: undefined });
  return (
    <Dialog label="Alerts" onClose={close}>
      <h2>Alerts</h2>
      {alerts.problem && <p role="alert">{alerts.problem}</p>}
      {alerts.loading && !alerts.value && <p class="empty">Loading …</p>}
      {alerts.value && !items.length && (
        <p class="empty">No limit was reached so far. Limits are set on the screen Limits.</p>
      )}
      <ul class="reasons">
        {items.map((each) => (
          <li key={each.alert_id}>
            <span class={`pill ${LIMIT_TONES[each.level] ?? ""}`}>{words(each.level)}</span>{" "}
            <strong>{each.name}</strong> {each.withdrawn && <small>withdrawn</small>}
            <p>{each.message}</p>
            <p class="note">
              <button
                type="button"
                class="link"
                onClick={() => go({ portfolio: each.portfolio_id, screen: "limits", dialog: undefined })}
              >
                {names.get(each.portfolio_id) ?? "a portfolio"}
              </button>
              session {each.as_of}, raised {moment(each.raised_at)}
            </p>
          </li>
        ))}
      </ul>
      {alerts.value?.next && <p class="note">These are the last 50; the API lists the others.</p>}
      <button type="button" onClick={close}>
        Close
      </button>
    </Dialog>
  );
}

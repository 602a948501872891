import { useEffect, useRef, useState } from "preact/hooks";

/** What the page needs of the events, which the document of the API does not describe. */
interface About {
  portfolio_ids: string[];
}
interface StageEvent extends About {
  as_of: string;
  stage: string;
  stages_done: number;
  stages: number;
}
interface AlertEvent extends About {
  as_of: string;
  alerts: number;
}

export type Connection = "connecting" | "open" | "lost";

/** An event that alerts are new. */
export interface NewAlerts extends AlertEvent {
  /** Which event since the page was opened: the first is 1. */
  number: number;
}

export interface Progress {
  connection: Connection;
  /** What runs now, in words; null when nothing does. */
  running: string | null;
  /** Raised when new results of the portfolio are there. */
  version: number;
  /** Raised when there are new results of any portfolio, or when the stream was refused. */
  news: number;
  alerts: NewAlerts | null;
}

const KNOWN = "sigmasight.alerts";
const MOST_KNOWN = 50;

/** A stream that is opened again repeats the events of runs that go on: an alert is news once. */
function isNews(eventId: string): boolean {
  const known = JSON.parse(sessionStorage.getItem(KNOWN) ?? "[]") as string[];
  if (known.includes(eventId)) return false;
  sessionStorage.setItem(KNOWN, JSON.stringify([...known, eventId].slice(-MOST_KNOWN)));
  return true;
}

/** Who shows reports, and is notified when one is rendered or has failed. */
const reportFollowers = new Set<() => void>();

/** Raised when a report of the user has ended. */
export function useReportNews(): number {
  const [news, setNews] = useState(0);
  useEffect(() => {
    const notify = () => setNews((n) => n + 1);
    reportFollowers.add(notify);
    return () => void reportFollowers.delete(notify);
  }, []);
  return news;
}

const COALESCED_MILLISECONDS = 400;
const OPENED_AGAIN_MILLISECONDS = 10_000;

// While ninety sessions run again, each reload is up to seven requests of the hundred a minute: the
// report, four of a screen, the portfolios and their sums.
const FIRST_APART_MILLISECONDS = 5_000;
const LAST_APART_MILLISECONDS = 15_000;

/**
 * Act soon after the first event, and again only after a while, however many events come; the while
 * grows as long as they keep coming.
 */
function coalesced(act: () => void): { soon: () => void; stop: () => void } {
  let waiting = 0;
  let acted = 0;
  let apart = FIRST_APART_MILLISECONDS;
  const now = () => {
    waiting = 0;
    acted = Date.now();
    act();
  };
  return {
    soon: () => {
      if (waiting) return;
      const ago = Date.now() - acted;
      if (ago > apart) apart = FIRST_APART_MILLISECONDS;
      waiting = window.setTimeout(now, Math.max(COALESCED_MILLISECONDS, apart - ago));
      if (ago < apart) apart = Math.min(apart * 2, LAST_APART_MILLISECONDS);
    },
    stop: () => window.clearTimeout(waiting),
  };
}

interface Followed {
  onConnection: (connection: Connection) => void;
  onStage: (event: StageEvent) => void;
  onResults: (event: About, over: boolean) => void;
  onAlert: (event: AlertEvent) => void;
  /** Events may have been missed: the stream was refused, or is there again after that. */
  onGap: () => void;
}

/**
 * One stream of events by cookie; after a break the browser resumes it with `Last-Event-ID`. One that
 * was refused is opened again later.
 */
function follow(followed: Followed): () => void {
  let stream: EventSource;
  let later = 0;
  let missed = false;
  const open = () => {
    stream = new EventSource("/api/v1/events");
    stream.onopen = () => {
      followed.onConnection("open");
      if (missed) followed.onGap();
      missed = false;
    };
    stream.onerror = () => {
      const refused = stream.readyState === EventSource.CLOSED;
      followed.onConnection(refused ? "lost" : "connecting");
      if (!refused) return;
      missed = true;
      followed.onGap();
      later = window.setTimeout(open, OPENED_AGAIN_MILLISECONDS);
    };
    const on = <E,>(kind: string, act: (event: E) => void) =>
      stream.addEventListener(kind, (message: MessageEvent<string>) => act(JSON.parse(message.data) as E));
    on<StageEvent>("stage", followed.onStage);
    on<About>("results", (event) => followed.onResults(event, false));
    on<About>("run", (event) => followed.onResults(event, true));
    stream.addEventListener("alert", (message: MessageEvent<string>) => {
      if (isNews(message.lastEventId)) followed.onAlert(JSON.parse(message.data) as AlertEvent);
    });
    on<About>("report", () => reportFollowers.forEach((notify) => notify()));
  };
  open();
  return () => {
    window.clearTimeout(later);
    stream.close();
  };
}

/** What the events say of one portfolio, and of all. */
export function useProgress(portfolioId: string | null): Progress {
  const [connection, setConnection] = useState<Connection>("connecting");
  const [running, setRunning] = useState<string | null>(null);
  const [version, setVersion] = useState(0);
  const [news, setNews] = useState(0);
  const [alerts, setAlerts] = useState<NewAlerts | null>(null);
  const wanted = useRef(portfolioId);
  wanted.current = portfolioId;
  useEffect(() => setRunning(null), [portfolioId]);
  useEffect(() => {
    const mine = coalesced(() => setVersion((n) => n + 1));
    const any = coalesced(() => setNews((n) => n + 1));
    const concerns = (event: About) =>
      wanted.current !== null && event.portfolio_ids.includes(wanted.current);
    const stop = follow({
      onConnection: setConnection,
      onStage: (event) => {
        if (concerns(event)) setRunning(`${event.as_of}: ${event.stage}, ${event.stages_done} of ${event.stages}`);
      },
      onResults: (event, over) => {
        any.soon();
        if (!concerns(event)) return;
        mine.soon();
        if (over) setRunning(null);
      },
      onAlert: (event) => {
        setAlerts((before) => ({ ...event, number: (before?.number ?? 0) + 1 }));
        any.soon();
        if (concerns(event)) mine.soon();
      },
      onGap: () => {
        mine.soon();
        any.soon();
      },
    });
    return () => {
      mine.stop();
      any.stop();
      stop();
    };
  }, []);
  return { connection, running, version, news, alerts };
}

/** Follow one run until it is over; a break in between is no end, since the browser resumes it. */
export function untilRunEnds(runId: string): Promise<void> {
  return new Promise((done) => {
    const stream = new EventSource(`/api/v1/events?run_id=${encodeURIComponent(runId)}`);
    const end = () => {
      stream.close();
      done();
    };
    stream.addEventListener("run", end);
    stream.onerror = () => stream.readyState === EventSource.CLOSED && end();
  });
}

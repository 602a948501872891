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

export type Connection = "connecting" | "open" | "lost";
export interface Progress {
  connection: Connection;
  /** What runs now, in words; null when nothing does. */
  running: string | null;
  /** Raised when new results of the portfolio are there. */
  version: number;
}

const COALESCED_MILLISECONDS = 400;

/** One stream of events by cookie; after a break the browser resumes it with `Last-Event-ID`. */
export function useProgress(portfolioId: string | null): Progress {
  const [connection, setConnection] = useState<Connection>("connecting");
  const [running, setRunning] = useState<string | null>(null);
  const [version, setVersion] = useState(0);
  const wanted = useRef(portfolioId);
  wanted.current = portfolioId;
  useEffect(() => {
    const stream = new EventSource("/api/v1/events");
    let waiting = 0;
    const renew = () => {
      window.clearTimeout(waiting);
      waiting = window.setTimeout(() => setVersion((n) => n + 1), COALESCED_MILLISECONDS);
    };
    const concerns = (event: About) =>
      wanted.current !== null && event.portfolio_ids.includes(wanted.current);
    stream.onopen = () => setConnection("open");
    stream.onerror = () => setConnection(stream.readyState === EventSource.CLOSED ? "lost" : "connecting");
    stream.addEventListener("stage", (message: MessageEvent<string>) => {
      const event = JSON.parse(message.data) as StageEvent;
      if (concerns(event)) setRunning(`${event.as_of}: ${event.stage}, ${event.stages_done} of ${event.stages}`);
    });
    stream.addEventListener("results", (message: MessageEvent<string>) => {
      if (concerns(JSON.parse(message.data) as About)) renew();
    });
    stream.addEventListener("run", (message: MessageEvent<string>) => {
      if (!concerns(JSON.parse(message.data) as About)) return;
      setRunning(null);
      renew();
    });
    return () => {
      window.clearTimeout(waiting);
      stream.close();
    };
  }, []);
  return { connection, running, version };
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

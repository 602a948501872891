import type {
  CorrelationsStarted,
  CurveReport,
  FieldError,
  FileMapping,
  GridReport,
  NewReport,
  NewScenario,
  NewSchedule,
  NewProfile,
  ProfileOut,
  Reads,
  ReportOut,
  ScenarioOut,
  SignOnAddress,
  RecognisedFile,
  ReconciledOut,
  ReconciliationOut,
  UploadReport,
  UserOut,
  WantedCurve,
  WantedGrid,
  WhatIf,
  WhatIfReport,
} from "./types";

const API = "/api/v1/";
// With the cookie, only our own page may write: no form of another page can send this header.
const OWN = { "X-SigmaSight-Page": "1" };

/** What the page needs of a problem document (RFC 9457). */
interface ProblemDocument {
  code: string;
  detail: string;
  errors?: FieldError[];
}

export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    /** What is wrong with which field or line. */
    readonly errors: FieldError[] = [],
    /** After how many seconds the same request may be sent again, where the API says so. */
    readonly retrySeconds: number | null = null,
  ) {
    super(detail);
  }
}

type Query = Record<string, string | number | undefined>;
type Ids = Record<string, string>;

/** The address of a read: ids in its path, the rest in its query. */
export function addressOf(path: keyof Reads, ids: Ids = {}, query: Query = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids[name] ?? ""));
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return API + filled + (text ? `?${text}` : "");
}

/** What a `GET` answers; throws `ApiProblem`. */
export async function read<P extends keyof Reads>(path: P, ids?: Ids, query?: Query): Promise<Reads[P]> {
  return (await answered(await patientFetch(addressOf(path, ids, query)))) as Reads[P];
}

const LONGEST_WAIT_SECONDS = 60;
const TRIES = 3;

/** A read that came too early, by the limit of requests a minute, is sent again when it may be. */
async function patientFetch(address: string): Promise<Response> {
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(address);
    const seconds = Number(answer.headers.get("Retry-After") ?? Infinity);
    if (answer.status !== 429 || tries === TRIES || seconds > LONGEST_WAIT_SECONDS) return answer;
    await new Promise((done) => window.setTimeout(done, seconds * 1000));
  }
}

async function answered(answer: Response): Promise<unknown> {
  const body: unknown = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (answer.ok) return body;
  const problem = body as ProblemDocument | null;
  const detail = problem?.detail ?? `the server answered ${answer.status}`;
  const wait = answer.headers.get("Retry-After");
  const retrySeconds = wait === null ? null : Number(wait);
  throw new ApiProblem(answer.status, problem?.code ?? "unreadable", detail, problem?.errors, retrySeconds);
}

/** A write, and what it answers; `more`: the headers that it needs besides, such as `If-Match`. */
export async function write(
  method: string,
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<unknown> {
  const content = body === undefined ? more : { "Content-Type": "application/json", ...more };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return answered(await fetch(API + path, { method, headers: { ...OWN, ...content }, ...sent }));
}

/** `code`: of a user with a second factor. */
export async function logIn(email: string, password: string, code?: string): Promise<UserOut> {
  return (await write("POST", "auth/session", { email, password, code })) as UserOut;
}

export async function logInByLink(code: string): Promise<UserOut> {
  return (await write("POST", "auth/session/by-link", { code })) as UserOut;
}

/** Here and, where the log-in came by single sign-on, at the provider: the page is left for that. */
export async function logOut(): Promise<void> {
  const offer = await read("auth/oidc").catch(() => null);
  if (!offer?.configured) {
    await write("DELETE", "auth/session");
    return;
  }
  const { url } = (await write("POST", "auth/oidc/logout")) as SignOnAddress;
  if (url) location.assign(url);
}

/** Leave the page for the provider of single sign-on, which sends the browser back to where it is now. */
export async function leaveForProvider(purpose: "login" | "link"): Promise<void> {
  const here = location.pathname + location.search + location.hash;
  const { url } = (await write("POST", `auth/oidc/${purpose}`, { return_to: here })) as SignOnAddress;
  if (url) location.assign(url);
}

export async function unlinkAccount(linkId: string): Promise<void> {
  await write("DELETE", `auth/oidc/links/${linkId}`);
}

/** Nothing is written by these: the API reprices the portfolio, and tries limits on what is stored. */
export async function evaluateGrid(wanted: WantedGrid): Promise<GridReport> {
  return (await write("POST", "risk/grid", wanted)) as GridReport;
}

export async function evaluateCurve(wanted: WantedCurve): Promise<CurveReport> {
  return (await write("POST", "risk/curve", wanted)) as CurveReport;
}

export async function evaluateWhatIf(wanted: WhatIf): Promise<WhatIfReport> {
  return (await write("POST", "risk/stress-testing/comprehensive", wanted)) as WhatIfReport;
}

/** Starts a run; its end is an event. */
export async function correlatePositions(portfolioId: string, asOf: string | undefined): Promise<CorrelationsStarted> {
  const wanted = { portfolio_id: portfolioId, as_of: asOf ?? null };
  return (await write("POST", "risk/correlations/positions/calculate", wanted)) as CorrelationsStarted;
}

export async function saveScenario(scenario: NewScenario): Promise<ScenarioOut> {
  return (await write("POST", "risk/stress-testing/scenarios", scenario)) as ScenarioOut;
}

export async function deleteScenario(scenarioId: string): Promise<void> {
  await write("DELETE", `risk/stress-testing/scenarios/${encodeURIComponent(scenarioId)}`);
}

export async function generateReport(wanted: NewReport): Promise<ReportOut> {
  return (await write("POST", "reports/generate", wanted)) as ReportOut;
}

export async function cancelReport(reportId: string): Promise<void> {
  await write("POST", `reports/${reportId}/cancel`);
}

export async function deleteReport(reportId: string): Promise<void> {
  await write("DELETE", `reports/${reportId}`);
}

export async function addSchedule(wanted: NewSchedule): Promise<void> {
  await write("POST", "reports/schedules", wanted);
}

export async function changeSchedule(scheduleId: string, wanted: NewSchedule): Promise<void> {
  await write("PUT", `reports/schedules/${scheduleId}`, wanted);
}

export async function deleteSchedule(scheduleId: string): Promise<void> {
  await write("DELETE", `reports/schedules/${scheduleId}`);
}

export async function upload(form: FormData): Promise<UploadReport> {
  const answer = await fetch(`${API}portfolio/upload`, { method: "POST", headers: OWN, body: form });
  return (await answered(answer)) as UploadReport;
}

/** What a file is; nothing is written. */
export async function recogniseFile(file: File, query: Query = {}): Promise<RecognisedFile> {
  return (await send("import/recognise", query, file, null)) as RecognisedFile;
}

export async function saveProfile(profile: NewProfile): Promise<ProfileOut> {
  return (await write("POST", "import/profiles", profile)) as ProfileOut;
}

/** A file beside a portfolio; nothing is written. */
export async function reconcileFile(query: Query, file: File, mapping: FileMapping | null): Promise<ReconciliationOut> {
  return (await send("reconcile", query, file, mapping)) as ReconciliationOut;
}

/** Enter the chosen differences of what was shown. */
export async function applyDifferences(
  query: Query,
  chosen: string[],
  file: File,
  mapping: FileMapping | null,
): Promise<ReconciledOut> {
  return (await send("reconcile/apply", query, file, mapping, chosen)) as ReconciledOut;
}

async function send(
  path: string,
  query: Query,
  file: File,
  mapping: FileMapping | null,
  chosen: string[] = [],
): Promise<unknown> {
  const words = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  for (const each of chosen) words.append("difference", each);
  const form = new FormData();
  form.set("file", file);
  if (mapping) form.set("mapping", JSON.stringify(mapping));
  const text = words.toString();
  return answered(await fetch(API + path + (text ? `?${text}` : ""), { method: "POST", headers: OWN, body: form }));
}

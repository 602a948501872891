import { useState } from "preact/hooks";

import { createToken, revokeToken } from "../../api/account";
import { read } from "../../api/client";
import type { Scope, TokenCreated, TokenList, TokenOut } from "../../api/types";
import { moment } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { FormDialog } from "../../parts/Form";
import { Panel } from "../../parts/Panel";
import { SecretDialog } from "../../parts/Secret";
import { useLoaded } from "../../state/loading";

const SCOPES: Array<[Scope, string]> = [
  ["portfolio:read", "portfolios, positions, transactions, events"],
  ["risk:read", "every risk figure, calculations that write nothing, limits, alerts; with the above: reports"],
  ["draft:write", "drafts: trade and calculate them, but not book them; needs both scopes above"],
  ["portfolio:write", "upload files, change positions and transactions"],
];
const DAYS = [7, 30, 90, 180, 366];
const TONES: Record<string, string> = { active: "good", expired: "warn", revoked: "" };

/** Access for scripts and agents, each with its scopes and its end. */
export function Tokens() {
  const [turn, setTurn] = useState(0);
  const [open, setOpen] = useState<"new" | TokenOut | null>(null);
  const [created, setCreated] = useState<TokenCreated | null>(null);
  const tokens = useLoaded<TokenList>("tokens", () => read("me/tokens"), turn);
  const items = tokens.value?.items ?? [];
  const close = () => setOpen(null);
  const reload = () => setTurn((n) => n + 1);
  return (
    <Panel title="Personal tokens" wide note="for scripts and agents: they can do less than you, and end by themselves">
      {tokens.problem && <p role="alert">{tokens.problem}</p>}
      {items.length ? (
        <DataTable label="Personal tokens" columns={COLUMNS} rows={items.map((each) => rowOf(each, () => setOpen(each)))} />
      ) : (
        !tokens.problem && (
          <p class="empty">{tokens.loading ? "Loading …" : "No token is made yet: a script needs one to read your figures."}</p>
        )
      )}
      <p class="buttons">
        <button type="button" class="primary" onClick={() => setOpen("new")}>
          New token
        </button>
      </p>
      {open === "new" && <NewTokenDialog onCreated={setCreated} onClose={() => (close(), reload())} />}
      {open !== null && open !== "new" && (
        <FormDialog
          label={`Revoke ${open.name}`}
          action="Revoke"
          danger
          submit={() => revokeToken(open.token_id).then(reload)}
          onClose={close}
        >
          <p>What uses {open.hint}… is refused from then on. A revoked token cannot be brought back.</p>
        </FormDialog>
      )}
      {created && (
        <SecretDialog label={`Token ${created.name}`} secret={created.token} onClose={() => setCreated(null)}>
          <p>
            Send it as <code>Authorization: Bearer …</code>, or set <code>SIGMASIGHT_TOKEN</code> for the command line. It
            ends on {moment(created.expires_at)}.
          </p>
        </SecretDialog>
      )}
    </Panel>
  );
}

const COLUMNS = [
  { name: "Name" },
  { name: "Begins with" },
  { name: "May use" },
  { name: "State" },
  { name: "Last used" },
  { name: "Expires" },
  { name: "" },
];

function rowOf(token: TokenOut, onRevoke: () => void) {
  return [
    <span class="long" title={token.name}>
      {token.name}
    </span>,
    <code>{token.hint}…</code>,
    <span class="pills">
      {token.scopes.map((scope) => (
        <span key={scope} class="pill">
          {scope}
        </span>
      ))}
    </span>,
    <span class={`pill ${TONES[token.state] ?? ""}`}>{token.state}</span>,
    token.last_used_at ? moment(token.last_used_at) : "never",
    <span title={`made ${moment(token.created_at)}`}>{moment(token.expires_at)}</span>,
    token.state === "active" ? (
      <span class="buttons small">
        <button type="button" class="quiet" aria-label={`Revoke ${token.name}`} onClick={onRevoke}>
          Revoke
        </button>
      </span>
    ) : (
      ""
    ),
  ];
}

function NewTokenDialog({ onCreated, onClose }: { onCreated: (token: TokenCreated) => void; onClose: () => void }) {
  const submit = async (form: FormData) => {
    const scopes = form.getAll("scope").map(String) as Scope[];
    const days = Number(form.get("days"));
    onCreated(await createToken({ name: String(form.get("name")), scopes, expires_in_days: days }));
  };
  return (
    <FormDialog label="New token" action="Make the token" submit={submit} onClose={onClose}>
      <label>
        Name <small>what will use it</small>
        <input name="name" required maxLength={100} placeholder="Nightly report" />
      </label>
      <fieldset>
        <legend>It may use</legend>
        {SCOPES.map(([scope, text]) => (
          <label key={scope} class="check">
            <input type="checkbox" name="scope" value={scope} defaultChecked={scope.endsWith(":read")} />
            <span>
              <code>{scope}</code> <small>{text}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <label>
        It expires
        <select name="days" defaultValue="90">
          {DAYS.map((days) => (
            <option key={days} value={days} selected={days === 90}>
              in {days} days
            </option>
          ))}
        </select>
      </label>
    </FormDialog>
  );
}

import { useState } from "preact/hooks";

import { leaveForProvider, read, unlinkAccount } from "../../api/client";
import type { LinkedAccountList, LinkedAccountOut } from "../../api/types";
import { moment } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { FormDialog } from "../../parts/Form";
import { Panel } from "../../parts/Panel";
import { describe, useLoaded } from "../../state/loading";

/** The accounts of single sign-on that log the user in; read when they are wanted. */
export function LinkedAccounts() {
  const [wanted, setWanted] = useState(false);
  return (
    <Panel title="Linked accounts" wide note="accounts elsewhere that log you in here">
      {wanted ? (
        <Links />
      ) : (
        <p class="buttons">
          <button type="button" onClick={() => setWanted(true)}>
            Show linked accounts
          </button>
        </p>
      )}
    </Panel>
  );
}

function Links() {
  const [turn, setTurn] = useState(0);
  const [open, setOpen] = useState<LinkedAccountOut | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const linked = useLoaded<LinkedAccountList>("links", () => read("auth/oidc/links"), turn);
  const { provider = null, items = [] } = linked.value ?? {};
  if (linked.problem) return <p role="alert">{linked.problem}</p>;
  if (!linked.value) return <p class="empty">Loading …</p>;
  if (!provider && !items.length) return <p class="empty">Single sign-on is not set up here.</p>;
  const link = () => void leaveForProvider("link").catch((error: unknown) => setRefusal(describe(error)));
  return (
    <>
      {items.length ? (
        <DataTable label="Linked accounts" columns={COLUMNS} rows={items.map((each) => rowOf(each, () => setOpen(each)))} />
      ) : (
        <p class="empty">No account is linked yet: link one to log in without your password.</p>
      )}
      {refusal && <p role="alert">{refusal}</p>}
      {provider && (
        <p class="buttons">
          <button type="button" onClick={link}>
            Link an account: {provider}
          </button>
        </p>
      )}
      {open && (
        <FormDialog
          label={`Unlink ${open.email ?? open.issuer}`}
          action="Unlink"
          danger
          submit={() => unlinkAccount(open.link_id).then(() => setTurn((n) => n + 1))}
          onClose={() => setOpen(null)}
        >
          <p>It does not log you in from then on, and log-ins that came by it end.</p>
        </FormDialog>
      )}
    </>
  );
}

const COLUMNS = [{ name: "Account" }, { name: "Provider" }, { name: "Linked" }, { name: "Last used" }, { name: "" }];

function rowOf(each: LinkedAccountOut, onUnlink: () => void) {
  const why = each.made_user ? "you have no password: it is your only way in" : undefined;
  return [
    <span class="long" title={each.email ?? undefined}>
      {each.email ?? "no address"}
    </span>,
    <span class="long" title={each.issuer}>
      {each.issuer}
    </span>,
    moment(each.linked_at),
    each.last_used_at ? moment(each.last_used_at) : "never",
    <span class="buttons small">
      <button type="button" class="quiet" disabled={each.made_user} title={why} onClick={onUnlink}>
        Unlink
      </button>
    </span>,
  ];
}

import { useState } from "preact/hooks";

import { read } from "../api/client";
import type { ListedPortfolio } from "../api/names";
import { sharePortfolio, unsharePortfolio } from "../api/shares";
import type { ShareList, ShareOut, ShareRole } from "../api/types";
import { DataTable } from "../parts/DataTable";
import { Problems } from "../parts/Problems";
import { go } from "../state/address";
import { useActing } from "../state/acting";
import { useLoaded } from "../state/loading";
import { useOwn } from "../state/own";
import { Dialog } from "./Dialog";

const ROLES: Array<[role: ShareRole, name: string, may: string]> = [
  ["viewer", "Viewer", "may read everything of it"],
  ["editor", "Editor", "may edit its positions and transactions too"],
];
const close = () => go({ dialog: undefined });

interface Props {
  portfolio: ListedPortfolio;
  /** The portfolio is shared with the user no longer. */
  onLeft: () => void;
}

/** With whom a portfolio is shared; for whom it is shared with, how to leave it. */
export function Share({ portfolio, onLeft }: Props) {
  return (
    <Dialog label={`Share ${portfolio.name}`} onClose={close}>
      <h2>{portfolio.name}</h2>
      {portfolio.access === "owner" ? <Shares portfolio={portfolio} /> : <Leave portfolio={portfolio} onLeft={onLeft} />}
      <p class="buttons">
        <button type="button" onClick={close}>
          Close
        </button>
      </p>
    </Dialog>
  );
}

function Shares({ portfolio }: Pick<Props, "portfolio">) {
  const id = portfolio.portfolio_id;
  const [turn, setTurn] = useState(0);
  const { act, busy, trouble } = useActing(() => setTurn((n) => n + 1));
  const shares = useLoaded<ShareList>(
    `shares ${id}`,
    () => read("portfolios/{portfolio_id}/shares", { portfolio_id: id }),
    turn,
  );
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const wanted = { email: String(given.get("email")), role: String(given.get("role")) as ShareRole };
    void act(() => sharePortfolio(id, wanted)).then((done) => done && form.reset());
  };
  const change = (share: ShareOut, role: ShareRole) => void act(() => sharePortfolio(id, { email: share.email, role }));
  const remove = (share: ShareOut) => void act(() => unsharePortfolio(id, share.user_id));
  const items = shares.value?.items ?? [];
  return (
    <>
      {shares.problem && <p role="alert">{shares.problem}</p>}
      {items.length ? (
        <DataTable
          label="Shared with"
          columns={[{ name: "Shared with" }, { name: "Role" }, { name: "" }]}
          rows={items.map((share) => [
            <span title={share.name || undefined}>{share.email}</span>,
            <Roles value={share.role} label={`Role of ${share.email}`} onChange={(role) => change(share, role)} />,
            <button type="button" class="quiet" disabled={busy} aria-label={`Remove ${share.email}`} onClick={() => remove(share)}>
              Remove
            </button>,
          ])}
        />
      ) : (
        shares.value && <p class="empty">It is shared with no one.</p>
      )}
      <form class="form" onSubmit={add} aria-label="Share with">
        <label>
          E-mail <small>the address that the other user logs in with</small>
          <input name="email" type="email" required maxLength={320} autocomplete="off" />
        </label>
        <label>
          Role <small>{ROLES.map(([, name, may]) => `${name}: ${may}`).join("; ")}</small>
          <Roles value="viewer" label="Role" />
        </label>
        <Problems trouble={trouble} />
        <p class="buttons">
          <button type="submit" class="primary" disabled={busy}>
            Share
          </button>
        </p>
      </form>
      <p class="note">Limits, alerts and your own scenarios stay yours. A removed user sees nothing of it from then on.</p>
    </>
  );
}

function Roles(props: { value: ShareRole; label: string; onChange?: (role: ShareRole) => void }) {
  return (
    <select
      name="role"
      aria-label={props.label}
      value={props.value}
      onChange={(event) => props.onChange?.(event.currentTarget.value as ShareRole)}
    >
      {ROLES.map(([role, name]) => (
        <option key={role} value={role}>
          {name}
        </option>
      ))}
    </select>
  );
}

function Leave({ portfolio, onLeft }: Props) {
  const { user } = useOwn();
  const { act, busy, trouble } = useActing(() => {
    go({ portfolio: undefined, dialog: undefined });
    onLeft();
  });
  const may = ROLES.find(([role]) => role === portfolio.access)?.[2];
  return (
    <>
      <p>
        {portfolio.owner_name} shares this portfolio with you: you {may}. Your drafts of it end with that.
      </p>
      <Problems trouble={trouble} />
      <p class="buttons">
        <button
          type="button"
          class="danger"
          disabled={busy}
          onClick={() => void act(() => unsharePortfolio(portfolio.portfolio_id, user.user_id))}
        >
          Leave it
        </button>
      </p>
    </>
  );
}

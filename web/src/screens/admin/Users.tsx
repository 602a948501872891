import { useState } from "preact/hooks";

import { changeUser, createUser, deleteUser, removeUsersSecondFactor, resetPassword } from "../../api/account";
import { read } from "../../api/client";
import type { ManagedUser, PageManagedUser } from "../../api/types";
import { counted, moment } from "../../format";
import { DataTable } from "../../parts/DataTable";
import { FormDialog } from "../../parts/Form";
import { Pager } from "../../parts/Pager";
import { Panel } from "../../parts/Panel";
import { FormProblem } from "../../state/acting";
import { go, useAddress } from "../../state/address";
import { useLoaded } from "../../state/loading";
import { useOwn } from "../../state/own";

const PAGE = 100;
const SHORTEST = 8;
const COLUMNS = [
  { name: "E-mail" },
  { name: "Name" },
  { name: "Role" },
  { name: "State" },
  { name: "Created" },
  { name: "" },
];
type Open = { kind: "new" } | { kind: "edit" | "password" | "factor" | "delete"; user: ManagedUser };

/** Who may log in, and as what. */
export function Users() {
  const { search, role, page_offset } = useAddress();
  const { user: own } = useOwn();
  const [turn, setTurn] = useState(0);
  const [open, setOpen] = useState<Open | null>(null);
  const query = { search, role, limit: PAGE, offset: page_offset };
  const page = useLoaded<PageManagedUser>(JSON.stringify(query), () => read("admin/users", {}, query), turn);
  const reload = () => setTurn((n) => n + 1);
  const items = page.value?.items ?? [];
  return (
    <Panel title="Users" note={page.value ? counted(page.value.total, "user") : undefined}>
      <div class="toolbar">
        <input
          type="search"
          data-filter
          aria-label="Search users"
          placeholder="A part of the address or the name"
          value={search ?? ""}
          onInput={(event) => go({ search: event.currentTarget.value, page_offset: undefined }, true)}
        />
        <label>
          Role{" "}
          <select value={role ?? ""} onChange={(event) => go({ role: event.currentTarget.value, page_offset: undefined })}>
            <option value="">every</option>
            <option value="user">user</option>
            <option value="admin">admin</option>
          </select>
        </label>
        <button type="button" class="primary" onClick={() => setOpen({ kind: "new" })}>
          New user
        </button>
      </div>
      {page.problem && <p role="alert">{page.problem}</p>}
      {items.length ? (
        <DataTable label="Users" columns={COLUMNS} rows={items.map((each) => rowOf(each, own.user_id, setOpen))} />
      ) : (
        !page.problem && <p class="empty">{page.loading ? "Loading …" : "No user is like this."}</p>
      )}
      {page.value && <Pager {...page.value} />}
      {open && <UserDialog open={open} onDone={reload} onClose={() => setOpen(null)} />}
    </Panel>
  );
}

function rowOf(user: ManagedUser, ownId: string, onOpen: (open: Open) => void) {
  const button = (kind: "edit" | "password" | "factor" | "delete", text: string) => (
    <button type="button" class="quiet" aria-label={`${text}: ${user.email}`} onClick={() => onOpen({ kind, user })}>
      {text}
    </button>
  );
  return [
    <>
      <span class="long" title={user.email}>
        {user.email}
      </span>{" "}
      {user.user_id === ownId && <span class="pill">you</span>}
    </>,
    <span class="long" title={user.full_name}>
      {user.full_name || "–"}
    </span>,
    user.role === "admin" ? <span class="pill">admin</span> : "user",
    user.disabled_at ? (
      <span class="pill warn" title={`since ${moment(user.disabled_at)}`}>
        locked
      </span>
    ) : (
      <span class="pill good">active</span>
    ),
    moment(user.created_at),
    <span class="buttons small">
      {button("edit", "Edit")}
      {button("password", "Password")}
      {user.user_id !== ownId && button("factor", "Second factor")}
      {button("delete", "Delete")}
      <button type="button" class="quiet" onClick={() => go({ tab: "audit", user: user.user_id, search: undefined })}>
        Log
      </button>
    </span>,
  ];
}

interface DialogProps {
  open: Open;
  onDone: () => void;
  onClose: () => void;
}

function RoleField({ role }: { role: string }) {
  return (
    <label>
      Role
      <select name="role">
        <option value="user" selected={role === "user"}>
          user: portfolios of their own
        </option>
        <option value="admin" selected={role === "admin"}>
          admin: this screen, too
        </option>
      </select>
    </label>
  );
}

function PasswordField({ label }: { label: string }) {
  return (
    <label>
      {label} <small>{SHORTEST} characters or more</small>
      <input name="password" type="password" autocomplete="new-password" required minLength={SHORTEST} maxLength={200} />
    </label>
  );
}

const roleOf = (form: FormData) => (form.get("role") === "admin" ? "admin" : "user");

function UserDialog({ open, onDone, onClose }: DialogProps) {
  if (open.kind === "new") {
    const submit = (form: FormData) =>
      createUser({
        email: String(form.get("email")),
        full_name: String(form.get("name")),
        password: String(form.get("password")),
        role: roleOf(form),
      }).then(onDone);
    return (
      <FormDialog label="New user" action="Create" submit={submit} onClose={onClose}>
        <label>
          E-mail
          <input name="email" type="email" required maxLength={320} />
        </label>
        <label>
          Name
          <input name="name" maxLength={200} />
        </label>
        <RoleField role="user" />
        <PasswordField label="Password" />
      </FormDialog>
    );
  }
  const { kind, user } = open;
  if (kind === "edit") {
    const submit = (form: FormData) =>
      changeUser(user.user_id, {
        full_name: String(form.get("name")),
        role: roleOf(form),
        disabled: form.get("locked") === "on",
      }).then(onDone);
    return (
      <FormDialog label={`Edit ${user.email}`} action="Save" submit={submit} onClose={onClose}>
        <label>
          Name
          <input name="name" maxLength={200} defaultValue={user.full_name} />
        </label>
        <RoleField role={user.role} />
        <label class="check">
          <input type="checkbox" name="locked" defaultChecked={user.disabled_at !== null} />
          <span>
            Locked <small>every log-in ends, personal tokens are refused, and new log-ins too</small>
          </span>
        </label>
      </FormDialog>
    );
  }
  if (kind === "password") {
    const submit = (form: FormData) => resetPassword(user.user_id, String(form.get("password"))).then(onDone);
    return (
      <FormDialog label={`Password of ${user.email}`} action="Set the password" submit={submit} onClose={onClose}>
        <p>Every log-in and every personal token of the user ends.</p>
        <PasswordField label="New password" />
      </FormDialog>
    );
  }
  if (kind === "factor") {
    const submit = () => removeUsersSecondFactor(user.user_id).then(onDone);
    return (
      <FormDialog label={`Second factor of ${user.email}`} action="Remove" danger submit={submit} onClose={onClose}>
        <p>
          For a user who lost both the authenticator and the recovery codes: the password alone is enough from then on. Be sure
          who asks.
        </p>
      </FormDialog>
    );
  }
  const submit = async (form: FormData) => {
    if (form.get("typed") !== user.email) throw new FormProblem(`type ${user.email} to delete the user`);
    await deleteUser(user.user_id);
    onDone();
  };
  return (
    <FormDialog label={`Delete ${user.email}`} action="Delete" danger submit={submit} onClose={onClose}>
      <p>Every portfolio of the user is deleted, with positions, transactions and figures. Nothing brings them back.</p>
      <label>
        Type the address to confirm
        <input name="typed" required autocomplete="off" />
      </label>
    </FormDialog>
  );
}

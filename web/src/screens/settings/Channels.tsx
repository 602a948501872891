import { useState } from "preact/hooks";

import {
  addChannel,
  changeChannel,
  confirmChannel,
  deleteChannel,
  replaceSecret,
  sendCode,
  sendTest,
} from "../../api/account";
import { read } from "../../api/client";
import type { ChannelList, ChannelOut } from "../../api/types";
import { DataTable } from "../../parts/DataTable";
import { FormDialog } from "../../parts/Form";
import { Panel } from "../../parts/Panel";
import { SecretDialog } from "../../parts/Secret";
import { go, useAddress } from "../../state/address";
import { describe, useLoaded } from "../../state/loading";
import { Deliveries } from "./Deliveries";

type AlertLevel = ChannelOut["levels"][number];
type ChannelKind = ChannelOut["kind"];

const LEVELS: Array<[AlertLevel, string]> = [
  ["breached", "a limit is breached"],
  ["warning", "a limit's warning is reached"],
  ["cleared", "a breach is over"],
];
type Open = { kind: "new" } | { kind: "edit" | "confirm" | "delete" | "secret"; channel: ChannelOut };

/** Where alerts of limits are sent. */
export function Channels() {
  const [turn, setTurn] = useState(0);
  const [open, setOpen] = useState<Open | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const [said, setSaid] = useState<{ text: string; isProblem: boolean } | null>(null);
  const { channel: shown } = useAddress();
  const channels = useLoaded<ChannelList>("channels", () => read("notifications/channels"), turn);
  const items = channels.value?.items ?? [];
  const reload = () => setTurn((n) => n + 1);
  const act = (work: Promise<unknown>, text: string) => {
    setSaid(null);
    work.then(
      () => (setSaid({ text, isProblem: false }), reload()),
      (error: unknown) => setSaid({ text: describe(error), isProblem: true }),
    );
  };
  const rows = items.map((each) => rowOf(each, act, setOpen));
  const listed = items.find((each) => each.channel_id === shown);
  return (
    <Panel title="Notification channels" wide note="where alerts of your limits are sent">
      {channels.problem && <p role="alert">{channels.problem}</p>}
      {said && <p role={said.isProblem ? "alert" : "status"}>{said.text}</p>}
      {items.length ? (
        <DataTable label="Notification channels" columns={COLUMNS} rows={rows} />
      ) : (
        !channels.problem && (
          <p class="empty">
            {channels.loading ? "Loading …" : "Alerts are shown in this page only: add a webhook or an e-mail address."}
          </p>
        )
      )}
      <p class="buttons">
        <button type="button" class="primary" onClick={() => setOpen({ kind: "new" })}>
          Add a channel
        </button>
      </p>
      {open && <OpenDialog open={open} onSecret={setSecret} onDone={reload} onClose={() => setOpen(null)} />}
      {secret !== null && (
        <SecretDialog label="Secret of the webhook" secret={secret} onClose={() => setSecret(null)}>
          <p>Messages are signed with it (Standard Webhooks): the receiver needs it to check them.</p>
        </SecretDialog>
      )}
      {listed && <Deliveries channel={listed} onClose={() => go({ channel: undefined }, true)} />}
    </Panel>
  );
}

const COLUMNS = [{ name: "Name" }, { name: "Kind" }, { name: "Address" }, { name: "Sends" }, { name: "State" }, { name: "" }];

function stateOf(channel: ChannelOut): [string, string] {
  if (!channel.confirmed) return ["not confirmed", "warn"];
  if (channel.enabled) return ["active", "good"];
  return ["paused", "warn"];
}

type Act = (work: Promise<unknown>, text: string) => void;

function rowOf(channel: ChannelOut, act: Act, onOpen: (open: Open) => void) {
  const [state, tone] = stateOf(channel);
  const id = channel.channel_id;
  const button = (text: string, onClick: () => void) => (
    <button type="button" class="quiet" aria-label={`${text}: ${channel.name}`} onClick={onClick}>
      {text}
    </button>
  );
  return [
    channel.name,
    channel.kind === "email" ? "E-mail" : "Webhook",
    <span class="long">{channel.address}</span>,
    <span class="pills">
      {channel.levels.map((level) => (
        <span key={level} class="pill">
          {level}
        </span>
      ))}
    </span>,
    <>
      <span class={`pill ${tone}`}>{state}</span>
      {channel.paused_because && <small class="wrap">{channel.paused_because}</small>}
    </>,
    <span class="buttons small">
      {!channel.confirmed && button("Confirm", () => onOpen({ kind: "confirm", channel }))}
      {channel.confirmed &&
        channel.enabled &&
        button("Test", () => act(sendTest(id), `A test message is on its way to ${channel.name}: see its deliveries.`))}
      {button("Deliveries", () => go({ channel: id }))}
      {button("Edit", () => onOpen({ kind: "edit", channel }))}
      {channel.kind === "webhook" && button("New secret", () => onOpen({ kind: "secret", channel }))}
      {button("Delete", () => onOpen({ kind: "delete", channel }))}
    </span>,
  ];
}

interface DialogProps {
  open: Open;
  onSecret: (secret: string) => void;
  onDone: () => void;
  onClose: () => void;
}

function OpenDialog({ open, onSecret, onDone, onClose }: DialogProps) {
  if (open.kind === "new") return <NewChannelDialog onSecret={onSecret} onDone={onDone} onClose={onClose} />;
  const { kind, channel } = open;
  const id = channel.channel_id;
  if (kind === "edit") return <EditDialog channel={channel} onDone={onDone} onClose={onClose} />;
  if (kind === "confirm") return <ConfirmDialog channel={channel} onDone={onDone} onClose={onClose} />;
  if (kind === "secret") {
    const submit = () => replaceSecret(id).then((replaced) => onSecret(replaced.secret));
    return (
      <FormDialog label={`New secret of ${channel.name}`} action="Replace the secret" submit={submit} onClose={onClose}>
        <p>For a day, messages are signed with both secrets, so that the receiver can change over.</p>
      </FormDialog>
    );
  }
  return (
    <FormDialog
      label={`Delete ${channel.name}`}
      action="Delete"
      danger
      submit={() => deleteChannel(id).then(onDone)}
      onClose={onClose}
    >
      <p>No alert is sent to {channel.address} any longer, and the log of what was sent is deleted.</p>
    </FormDialog>
  );
}

function Levels({ chosen }: { chosen: readonly AlertLevel[] }) {
  return (
    <fieldset>
      <legend>Send when</legend>
      {LEVELS.map(([level, text]) => (
        <label key={level} class="check">
          <input type="checkbox" name="level" value={level} defaultChecked={chosen.includes(level)} />
          <span>
            {text} <small>{level}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

const levelsOf = (form: FormData) => form.getAll("level").map(String) as AlertLevel[];

function NewChannelDialog({ onSecret, onDone, onClose }: Omit<DialogProps, "open">) {
  const [kind, setKind] = useState<ChannelKind>("webhook");
  const submit = async (form: FormData) => {
    const added = await addChannel({
      kind,
      address: String(form.get("address")),
      name: String(form.get("name")),
      levels: levelsOf(form),
    });
    onDone();
    if (added.secret) onSecret(added.secret);
  };
  return (
    <FormDialog label="Add a channel" action="Add" submit={submit} onClose={onClose}>
      <label>
        Kind
        <select value={kind} onChange={(event) => setKind(event.currentTarget.value as ChannelKind)}>
          <option value="webhook">Webhook</option>
          <option value="email">E-mail</option>
        </select>
      </label>
      <label>
        Name
        <input name="name" required maxLength={100} placeholder="Risk desk" />
      </label>
      {kind === "webhook" ? (
        <label key="webhook">
          Address <small>https, of a public host</small>
          <input name="address" required type="url" placeholder="https://hooks.example.com/sigmasight" />
        </label>
      ) : (
        <label key="email">
          Address <small>it is sent a code, with which you confirm it</small>
          <input name="address" required type="email" placeholder="desk@example.com" />
        </label>
      )}
      <Levels chosen={LEVELS.map(([level]) => level)} />
    </FormDialog>
  );
}

interface OneProps {
  channel: ChannelOut;
  onDone: () => void;
  onClose: () => void;
}

function EditDialog({ channel, onDone, onClose }: OneProps) {
  const submit = (form: FormData) =>
    changeChannel(channel.channel_id, {
      name: String(form.get("name")),
      levels: levelsOf(form),
      enabled: form.get("enabled") === "on",
    }).then(onDone);
  return (
    <FormDialog label={`Edit ${channel.name}`} action="Save" submit={submit} onClose={onClose}>
      <label>
        Name
        <input name="name" required maxLength={100} defaultValue={channel.name} />
      </label>
      <Levels chosen={channel.levels} />
      <label class="check">
        <input type="checkbox" name="enabled" defaultChecked={channel.enabled} />
        <span>
          Active <small>a paused channel is sent nothing, and what waits for it is given up</small>
        </span>
      </label>
    </FormDialog>
  );
}

function ConfirmDialog({ channel, onDone, onClose }: OneProps) {
  const [said, setSaid] = useState<string | null>(null);
  const again = () => {
    sendCode(channel.channel_id).then(
      () => setSaid("Another code is on its way; the one before is no longer valid."),
      (error: unknown) => setSaid(describe(error)),
    );
  };
  return (
    <FormDialog
      label={`Confirm ${channel.address}`}
      action="Confirm"
      submit={(form) => confirmChannel(channel.channel_id, String(form.get("code")).trim()).then(onDone)}
      onClose={onClose}
    >
      <label>
        Code <small>the six digits that were sent, valid for half an hour</small>
        <input name="code" required inputMode="numeric" autocomplete="one-time-code" maxLength={20} />
      </label>
      <p class="note">
        <button type="button" class="link" onClick={again}>
          Send another code
        </button>{" "}
        <span role="status">{said}</span>
      </p>
    </FormDialog>
  );
}

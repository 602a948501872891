import { useState } from "preact/hooks";

import { beginSecondFactor, confirmSecondFactor, removeSecondFactor, renewRecoveryCodes } from "../../api/account";
import { read } from "../../api/client";
import type { SecondFactorBegun, SecondFactorOut } from "../../api/types";
import { moment } from "../../format";
import { FormDialog } from "../../parts/Form";
import { Panel } from "../../parts/Panel";
import { SecretDialog } from "../../parts/Secret";
import { useLoaded } from "../../state/loading";

const FEW = 3;
type Open = "on" | "off" | "codes";

/** Whether a log-in by password needs a code of an authenticator as well. */
export function SecondFactor() {
  const [turn, setTurn] = useState(0);
  const [open, setOpen] = useState<Open | null>(null);
  const [begun, setBegun] = useState<SecondFactorBegun | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const factor = useLoaded<SecondFactorOut>("second factor", () => read("me/second-factor"), turn);
  const reload = () => setTurn((n) => n + 1);
  const close = () => setOpen(null);
  const show = (shown: string[]) => {
    setCodes(shown);
    reload();
  };
  return (
    <Panel title="Second factor" wide note="a code besides the password">
      {factor.problem && <p role="alert">{factor.problem}</p>}
      {factor.value && <State factor={factor.value} onOpen={setOpen} />}
      {open === "on" && (
        <FormDialog
          label="Turn the second factor on"
          action="Continue"
          submit={async (form) => setBegun(await beginSecondFactor(String(form.get("password"))))}
          onClose={close}
        >
          <p>You need an authenticator application on your phone. When it is on, your other log-ins end.</p>
          <PasswordField />
        </FormDialog>
      )}
      {open === "off" && (
        <FormDialog
          label="Turn the second factor off"
          action="Turn off"
          danger
          submit={(form) => removeSecondFactor(String(form.get("password")), String(form.get("code"))).then(reload)}
          onClose={close}
        >
          <p>The password alone is enough from then on, and the recovery codes are deleted.</p>
          <PasswordField />
          <CodeField hint="six digits, or a recovery code" />
        </FormDialog>
      )}
      {open === "codes" && (
        <FormDialog
          label="New recovery codes"
          action="Make new ones"
          submit={async (form) => {
            const made = await renewRecoveryCodes(String(form.get("password")), String(form.get("code")));
            show(made.recovery_codes);
          }}
          onClose={close}
        >
          <p>The recovery codes that you have now end at once.</p>
          <PasswordField />
          <CodeField hint="six digits, or a recovery code" />
        </FormDialog>
      )}
      {begun && <ConfirmDialog begun={begun} onCodes={show} onClose={() => setBegun(null)} />}
      {codes && (
        <SecretDialog label="Recovery codes" secret={codes.join(" ")} onClose={() => setCodes(null)}>
          <p>Each replaces the six digits once. Keep them where your phone is not: without both, only an administrator can help.</p>
          <ol class="codes">
            {codes.map((each) => (
              <li key={each}>
                <code>{each}</code>
              </li>
            ))}
          </ol>
        </SecretDialog>
      )}
    </Panel>
  );
}

function State({ factor, onOpen }: { factor: SecondFactorOut; onOpen: (open: Open) => void }) {
  const isOn = factor.state === "on";
  const left = factor.recovery_codes_left;
  return (
    <>
      {isOn ? (
        <p>
          <span class="pill good">on</span> since {moment(factor.confirmed_at ?? "")}, with{" "}
          <span class={left < FEW ? "pill warn" : undefined}>{left} recovery codes</span>.
        </p>
      ) : (
        <p>A log-in needs the password alone. With an authenticator on your phone it needs six digits, too.</p>
      )}
      <p class="buttons">
        <button type="button" class={isOn ? undefined : "primary"} onClick={() => onOpen(isOn ? "off" : "on")}>
          {isOn ? "Turn off" : "Turn on"}
        </button>
        {isOn && (
          <button type="button" class={left < FEW ? "primary" : undefined} onClick={() => onOpen("codes")}>
            New recovery codes
          </button>
        )}
      </p>
    </>
  );
}

interface ConfirmProps {
  begun: SecondFactorBegun;
  onCodes: (codes: string[]) => void;
  onClose: () => void;
}

function ConfirmDialog({ begun, onCodes, onClose }: ConfirmProps) {
  const submit = async (form: FormData) => onCodes((await confirmSecondFactor(String(form.get("code")))).recovery_codes);
  return (
    <FormDialog label="Add it to your authenticator" action="Confirm" submit={submit} onClose={onClose}>
      <p>
        Type this key into the application, by time and with six digits, or <a href={begun.uri}>open it on this device</a>.
        It is shown only now, and waits until {moment(begun.expires_at)}.
      </p>
      <label>
        Key
        <input class="secret" readOnly value={begun.secret} onFocus={(event) => event.currentTarget.select()} />
      </label>
      <CodeField hint="the six digits that the application shows" />
    </FormDialog>
  );
}

function PasswordField() {
  return (
    <label>
      Your password
      <input name="password" type="password" autocomplete="current-password" required maxLength={200} />
    </label>
  );
}

function CodeField({ hint }: { hint: string }) {
  return (
    <label>
      Code <small>{hint}</small>
      <input name="code" autocomplete="one-time-code" required maxLength={40} />
    </label>
  );
}

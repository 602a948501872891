import { Channels } from "./settings/Channels";
import { LinkedAccounts } from "./settings/LinkedAccounts";
import { Password } from "./settings/Password";
import { PreferencesPanel } from "./settings/Preferences";
import { SecondFactor } from "./settings/SecondFactor";
import { Tokens } from "./settings/Tokens";

/** What belongs to the user and not to a portfolio. */
export function Settings() {
  return (
    <div class="grid settings cards">
      <Tokens />
      <Channels />
      <PreferencesPanel />
      <Password />
      <SecondFactor />
      <LinkedAccounts />
    </div>
  );
}

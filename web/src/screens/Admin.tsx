import { go, useAddress } from "../state/address";
import { Audit } from "./admin/Audit";
import { Letters } from "./admin/Letters";
import { Runs } from "./admin/Runs";
import { Users } from "./admin/Users";

const PARTS = [
  { id: "users", name: "Users", Part: Users },
  { id: "runs", name: "Runs", Part: Runs },
  { id: "letters", name: "Dead letters", Part: Letters },
  { id: "audit", name: "Audit log", Part: Audit },
] as const;
// What the parts keep in the address, which means nothing in another part.
const NOTHING = { user: undefined, run: undefined, letter: undefined, search: undefined, role: undefined };
const ELSE = { run_state: undefined, run_day: undefined, service: undefined, replayed: undefined, action: undefined };
const LAST = { target: undefined, log_since: undefined, log_until: undefined, page_offset: undefined };

/** For administrators: users, runs, what services gave up on, and who did what. */
export function Admin() {
  const { tab } = useAddress();
  const shown = PARTS.find((each) => each.id === tab) ?? PARTS[0];
  return (
    <div class="admin cards">
      <nav class="choice" aria-label="Administration">
        {PARTS.map((each) => (
          <button
            key={each.id}
            type="button"
            aria-pressed={each === shown}
            onClick={() => go({ ...NOTHING, ...ELSE, ...LAST, tab: each.id })}
          >
            {each.name}
          </button>
        ))}
      </nav>
      <shown.Part />
    </div>
  );
}

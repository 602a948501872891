import { go, useAddress } from "../state/address";
import { useOwn, useScreens } from "../state/own";
import { isFree, screenOf } from "../state/screens";
import { Shown } from "./BookPage";
import { CLOSED, Drawer } from "./Drawer";
import { Help } from "./Help";
import { useKeys } from "./keys";

interface Props {
  onLoaded: () => void;
  onLeave: () => void;
}

/** What a user without a portfolio sees: a file to import, and the screens that need no portfolio. */
export function FirstPage({ onLoaded, onLeave }: Props) {
  const { screen: wanted, dialog, figure } = useAddress();
  const { user } = useOwn();
  const screens = useScreens().filter((each) => isFree(each.id));
  const named = screenOf(wanted, user.role);
  const screen = isFree(named) ? named : "import";
  const others = screens.filter((each) => each.id !== screen);
  const close = () => go({ dialog: undefined }, true);
  useKeys({ onPalette: () => undefined, onHelp: () => go({ dialog: "help" }, true), onEscape: () => (figure ? go(CLOSED) : close()) });
  return (
    <main class="first" id="screen" aria-label={screen}>
      <header>
        <h1>{screen === "import" ? "Your first portfolio" : screens.find((each) => each.id === screen)?.name}</h1>
        {others.map((each) => (
          <button key={each.id} type="button" class="pill" onClick={() => go({ screen: each.id })}>
            {each.name}
          </button>
        ))}
        <button type="button" class="quiet" onClick={onLeave}>
          Log out
        </button>
      </header>
      {screen === "import" && <p class="note">A portfolio that another user shares with you is shown here by itself.</p>}
      <Shown screen={screen} onLoaded={onLoaded} />
      <Drawer />
      {dialog === "help" && <Help onClose={close} />}
    </main>
  );
}

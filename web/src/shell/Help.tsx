import { SCREENS } from "../state/screens";
import { Dialog } from "./Dialog";

const KEYS: Array<[string, string]> = [
  ["Ctrl K", "search screens, portfolios, positions, scenarios and figures"],
  ...SCREENS.map((each): [string, string] => [`g ${each.key}`, each.name]),
  ["/", "filter the list of the screen"],
  ["Arrows", "in the grid of positions: from cell to cell; in the filter: from pill to pill"],
  ["Enter, Space", "in the grid: open the position, explain the number"],
  ["[ and ]", "the session before and after"],
  ["?", "these keys"],
  ["Esc", "close what is open"],
];

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog label="Keys" onClose={onClose}>
      <h2>Keys</h2>
      <dl class="keys">
        {KEYS.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <p class="note">Click any number to see what it is, how it came to be, and its history.</p>
      <button type="button" onClick={onClose}>
        Close
      </button>
    </Dialog>
  );
}

import { useScreens } from "../state/own";
import { Dialog } from "./Dialog";

const FIRST: Array<[string, string]> = [["Ctrl K", "search screens, portfolios, positions of every portfolio, scenarios and figures"]];
const OTHERS: Array<[string, string]> = [
  ["/", "filter the list of the screen"],
  ["Arrows", "in the grid of positions: from cell to cell; in the filter: from pill to pill"],
  ["Enter, Space, x", "in the grid: open the position, explain the number, mark it"],
  ["[ and ]", "the session before and after"],
  ["?", "these keys"],
  ["Esc", "close what is open"],
];

export function Help({ onClose }: { onClose: () => void }) {
  const screens = useScreens().map((each): [string, string] => [`g ${each.key}`, each.name]);
  return (
    <Dialog label="Keys" onClose={onClose}>
      <h2>Keys</h2>
      <dl class="keys">
        {[...FIRST, ...screens, ...OTHERS].map(([key, text]) => (
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

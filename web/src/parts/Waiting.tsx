import type { Loaded } from "../state/loading";
import { Panel } from "./Panel";

interface Props {
  title: string;
  loaded: Loaded<unknown>;
  wide?: boolean;
}

/** In place of a panel whose content is not there: it loads, or why it could not. */
export function Waiting({ title, loaded, wide = false }: Props) {
  return (
    <Panel title={title} wide={wide}>
      {loaded.problem ? <p role="alert">{loaded.problem}</p> : <p class="empty">Loading …</p>}
    </Panel>
  );
}

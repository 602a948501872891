import { render } from "preact";

import { App } from "./shell/App";
import { applyTheme, storedTheme } from "./state/theme";

applyTheme(storedTheme());
const place = document.getElementById("page");
if (place) render(<App />, place);

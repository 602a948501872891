import { render } from "preact";

import { App } from "./shell/App";
import { startTheme } from "./state/theme";

startTheme();
const place = document.getElementById("page");
if (place) render(<App />, place);

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App";
import { startI18n } from "./i18n";
import { noteUnfetched } from "./shell/unfetched";
import "./styles/base.css";
import "./styles/charts.css";
import "./styles/checkpoints.css";
import "./styles/distributions.css";
import "./styles/list.css";
import "./styles/media.css";
import "./styles/run.css";
import "./styles/workspace.css";

noteUnfetched();
await startI18n();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

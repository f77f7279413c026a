import { useTranslation } from "react-i18next";

import type { Server } from "../api/types";
import { CopyButton } from "../shell/CopyButton";
import { LoadDemo } from "./LoadDemo";

const KERAS = `from mltrack.keras import MLTrackCallback

model.fit(x, y, callbacks=[MLTrackCallback()])`;

const LOOP = `import mltrack

run = mltrack.init(project="first", config={"lr": 3e-4})
run.log({"train/loss": loss}, step=step)`;

const IMPORT = `mltrack import runs/      # TensorBoard
mltrack import wandb/     # W&B, offline
mltrack import mlruns/    # MLflow`;

/** What to paste so that a first run appears; the page that shows this then shows the run. */
export function EmptyList({ server }: { server: Server }) {
  const { t } = useTranslation();
  const token = server.needs_token ? "\nexport MLTRACK_TOKEN=…" : "";
  return (
    <div className="empty">
      <h1>{t("empty.title")}</h1>
      <p>{t("empty.lead")}</p>
      {!server.is_local && (
        <Snippet title={t("empty.remote")} code={`export MLTRACK_URL=${location.origin}${token}`} />
      )}
      <LoadDemo />
      <Snippet title={t("empty.keras")} code={KERAS} />
      <Snippet title={t("empty.loop")} code={LOOP} />
      <Snippet title={t("empty.import")} code={IMPORT} />
      <p className="waiting" role="status">
        <i className="pulse" aria-hidden="true" /> {t("empty.waiting")}
      </p>
      {server.folder && <p className="muted">{t("empty.folder", { folder: server.folder })}</p>}
    </div>
  );
}

function Snippet({ title, code }: { title: string; code: string }) {
  return (
    <figure className="snippet">
      <figcaption>{title}</figcaption>
      <pre>{code}</pre>
      <CopyButton text={code} />
    </figure>
  );
}

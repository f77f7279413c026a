import { useTranslation } from "react-i18next";

import type { Run } from "../api/types";
import { download, fileName } from "../charts/exports/files";
import { CopyButton } from "../shell/CopyButton";
import { Icon } from "../shell/Icon";
import { Box } from "./Box";
import { gitOf } from "./facts";
import { commandsOf, requirementsOf } from "./reproduce";

/** What to type to do it again, with the files that this takes. */
export function ReproduceBox({ run }: { run: Run }) {
  const { t } = useTranslation();
  const { diff, cutFrom, isDirty } = gitOf(run);
  const commands = commandsOf(run).join("\n");
  const requirements = requirementsOf(run);
  if (!commands) return null;
  const file = (name: string, text: string) => (
    <button type="button" className="chip" onClick={() => download(new Blob([text]), name)}>
      <Icon name="download" /> <code>{name}</code>
    </button>
  );
  return (
    <Box title={t("reproduce.title")} tools={<CopyButton text={commands} />}>
      <pre tabIndex={0}>{commands}</pre>
      <div className="reproduce-files">
        {diff && cutFrom === null && file(fileName(run.summary.name, "patch"), diff)}
        {requirements && file("requirements.txt", requirements)}
      </div>
      {isDirty && !(diff && cutFrom === null) && (
        <p className="warn">{t("reproduce.incomplete")}</p>
      )}
    </Box>
  );
}

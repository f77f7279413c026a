import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { download, fileName } from "../charts/exports/files";
import { CopyButton } from "../shell/CopyButton";
import { Icon } from "../shell/Icon";
import { countsOf, parsePatch } from "./patch";
import { Counts, PatchFiles } from "./PatchFiles";

interface RunPatchProps {
  name: string;
  diff: string;
  /** How long it was, in bytes, where the record has only the beginning. */
  cutFrom: number | null;
}

/** What was not committed when the run began, to be read, copied and applied. */
export function RunPatch({ name, diff, cutFrom }: RunPatchProps) {
  const { t } = useTranslation();
  const files = useMemo(() => parsePatch(diff), [diff]);
  const { added, removed } = countsOf(files);
  return (
    <section className="patch" aria-label={t("overview.diff")}>
      <header>
        <h3>{t("overview.diff")}</h3>
        <span className="muted">{t("patch.files", { count: files.length })}</span>
        <Counts added={added} removed={removed} />
        <CopyButton text={diff} label={t("patch.copy")} />
        <button
          type="button"
          className="chip"
          onClick={() =>
            download(new Blob([diff], { type: "text/x-patch" }), fileName(name, "patch"))
          }
        >
          <Icon name="download" /> {t("patch.download")}
        </button>
      </header>
      {cutFrom !== null && <p className="warn">{t("patch.cut", { bytes: cutFrom })}</p>}
      <PatchFiles
        files={files.map((file) => ({
          ...file,
          note: file.isBinary
            ? t("patch.binary")
            : file.change === "renamed"
              ? t("patch.renamed", { from: file.from ?? "" })
              : file.change === "changed"
                ? ""
                : t(`patch.${file.change}`),
        }))}
      />
    </section>
  );
}

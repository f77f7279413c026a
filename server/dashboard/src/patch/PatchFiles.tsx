import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import "../styles/patch.css";
import type { PatchLine } from "./patch";

/** More lines of one file are shown when they are asked for. */
const LINES_MAX = 1000;
const SIGNS = { added: "+", removed: "−", same: " ", hunk: "", note: "" } as const;

export interface ShownFile {
  path: string;
  /** What is to be said of the file beside its lines. */
  note: ReactNode;
  added: number;
  removed: number;
  lines: readonly PatchLine[];
}

/** Files with the lines that were added and removed; each is folded unless it is the only one. */
export function PatchFiles({ files }: { files: readonly ShownFile[] }) {
  return (
    <div className="patch-files">
      {files.map((file) => (
        <PatchFile key={file.path} file={file} isOpen={files.length === 1} />
      ))}
    </div>
  );
}

function PatchFile({ file, isOpen: isOpenFirst }: { file: ShownFile; isOpen: boolean }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(isOpenFirst);
  const [isAll, setAll] = useState(false);
  const head = (
    <>
      <bdi className="patch-path">{file.path || t("patch.nameless")}</bdi>
      {file.note && <span className="muted">{file.note}</span>}
      <Counts added={file.added} removed={file.removed} />
    </>
  );
  if (file.lines.length === 0) return <p className="patch-file">{head}</p>;
  const shown = isAll ? file.lines : file.lines.slice(0, LINES_MAX);
  return (
    <details
      className="patch-file"
      open={isOpen}
      onToggle={(toggle) => setOpen(toggle.currentTarget.open)}
    >
      <summary>{head}</summary>
      {isOpen && (
        <pre tabIndex={0}>
          {shown.map((line, index) => (
            <span key={index} className={`patch-${line.kind}`}>
              {`${SIGNS[line.kind]}${line.text}\n`}
            </span>
          ))}
        </pre>
      )}
      {isOpen && shown.length < file.lines.length && (
        <button type="button" className="chip" onClick={() => setAll(true)}>
          {t("patch.more", { count: file.lines.length - shown.length })}
        </button>
      )}
    </details>
  );
}

/** How many lines were added and removed. */
export function Counts({ added, removed }: { added: number; removed: number }) {
  return (
    <span className="patch-counts">
      {added > 0 && <span className="added">+{added.toLocaleString("en-US")}</span>}
      {removed > 0 && <span className="removed">−{removed.toLocaleString("en-US")}</span>}
    </span>
  );
}

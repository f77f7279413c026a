import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { fetchFile, fetchFiles, fetchProvenance } from "../api/client";
import type { CheckpointFile, CheckpointSummary, Run } from "../api/types";
import { useCheckpoints } from "../run/useCheckpointFlags";
import { CopyButton } from "../shell/CopyButton";
import { Failure } from "../shell/Failure";
import { useUrl } from "../shell/useUrl";
import "../styles/files.css";
import { FilePane } from "./FilePane";
import { FileTree } from "./FileTree";
import { ownFilesOf } from "./ownFiles";
import { find, linesOf, treeOf, type Node } from "./tree";

const PASTE = `run.log_file("report.html")             # what the run wrote; a folder, too
run.use_file("data/train.csv")          # what it reads
run.use_file("s3://bucket/train.csv")   # recorded, never fetched`;

/** Everything that the run wrote and read: a tree, and beside it what is chosen. */
export function FilesTab({ run, lines }: { run: Run; lines: number }) {
  const { t } = useTranslation();
  const id = run.summary.id;
  const [chosen, setChosen] = useUrl("f");
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [opened, setOpened] = useState<ReadonlySet<string>>(() => new Set([chosen.split("/")[0]!]));
  const files = useQuery({
    queryKey: ["run", id, "files"],
    queryFn: ({ signal }) => fetchFiles(id, signal),
    enabled: run.files > 0,
  });
  const provenance = useQuery({
    queryKey: ["run", id, "provenance"],
    queryFn: ({ signal }) => fetchProvenance(id, signal),
    enabled: run.files + run.checkpoints > 0,
  });
  const checkpoints = useCheckpoints(run);
  // Folders in the tree are open until they are closed, recorded ones closed until they are opened.
  const isRecorded = (node: Node) => node.item?.type === "file";
  const isOpen = (node: Node) => (isRecorded(node) ? opened.has(node.key) : !closed.has(node.key));
  const wanted = (files.data?.files ?? []).filter((file) => file.is_folder && opened.has(file.id));
  const folders = useQueries({
    queries: wanted.map((file) => ({
      queryKey: ["run", id, "files", file.id],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchFile(id, file.id, signal),
    })),
    combine: (found) => found.map(({ data }) => data),
  });
  const tree = useMemo(() => {
    const contents = new Map<string, CheckpointFile[]>();
    for (const folder of folders) if (folder) contents.set(folder.summary.id, folder.files);
    return treeOf({
      files: files.data?.files ?? [],
      contents,
      checkpoints: checkpoints.data?.checkpoints ?? [],
      own: ownFilesOf(run, lines),
      label: (group) => t(`files.group_${group}`),
      describe: (checkpoint: CheckpointSummary) =>
        `${checkpoint.path.split("/").pop() ?? ""} · ${t("run.step", {
          step: checkpoint.step.toLocaleString("en-US"),
        })}`,
    });
  }, [files.data, folders, checkpoints.data, run, lines, t]);

  if (files.isError && !files.data)
    return <Failure error={files.error} onRetry={() => void files.refetch()} />;
  if (run.files > 0 && !files.data) return <div className="page-loading">{t("loading")}</div>;
  const node = chosen ? find(tree, chosen) : null;
  const links = provenance.data?.links ?? [];
  const toggle = (set: ReadonlySet<string>, key: string, isIn: boolean) => {
    const next = new Set(set);
    if (isIn) next.add(key);
    else next.delete(key);
    return next;
  };
  return (
    <div className="files">
      <div className="files-side">
        <FileTree
          lines={linesOf(tree, isOpen)}
          chosen={node?.key ?? ""}
          isOpen={isOpen}
          onChoose={({ key }) => setChosen(key)}
          onOpen={(folder, isIn) =>
            isRecorded(folder)
              ? setOpened((set) => toggle(set, folder.key, isIn))
              : setClosed((set) => toggle(set, folder.key, !isIn))
          }
        />
        {files.data && files.data.total > files.data.files.length && (
          <p className="muted">
            {t("files.cut", { shown: files.data.files.length, total: files.data.total })}
          </p>
        )}
      </div>
      {node?.item ? (
        <FilePane
          key={node.key}
          run={id}
          node={node}
          item={node.item}
          version={chosen}
          links={links}
          onVersion={setChosen}
        />
      ) : (
        <section className="file-pane" aria-label={t("files.hint")}>
          <p className="muted">{t("files.hint")}</p>
          {run.files === 0 && (
            <figure className="snippet">
              <figcaption>{t("files.paste")}</figcaption>
              <pre>{PASTE}</pre>
              <CopyButton text={PASTE} />
            </figure>
          )}
        </section>
      )}
    </div>
  );
}

import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { fileBytesUrl } from "../api/client";
import { formatBytes } from "../api/number";
import type { FileLink, FileSummary } from "../api/types";
import { download } from "../charts/exports/files";
import { formatDate } from "../list/columns";
import { CopyButton } from "../shell/CopyButton";
import { Icon } from "../shell/Icon";
import { Links } from "./Links";
import { Preview, Text } from "./Preview";
import type { Item, Node, OwnFile } from "./tree";

interface FilePaneProps {
  run: string;
  node: Node;
  item: Item;
  /** Which of its versions, by id. */
  version: string;
  links: readonly FileLink[];
  onVersion: (id: string) => void;
}

/** What is known of the chosen file: what it is, how it begins, who else had it. */
export function FilePane({ run, node, item, version, links, onVersion }: FilePaneProps) {
  if (item.type === "own") return <Own own={item.own} />;
  if (item.type === "checkpoint")
    return <CheckpointFiles run={run} node={node} id={item.checkpoint.id} links={links} />;
  const versions = item.type === "file" ? item.versions : [item.file];
  const file = versions.find(({ id }) => id === version) ?? versions[0]!;
  return (
    <Recorded
      run={run}
      item={item}
      file={file}
      versions={versions}
      links={links.filter((link) => link.file === file.id)}
      onVersion={onVersion}
    />
  );
}

interface RecordedProps {
  run: string;
  item: Item & { type: "file" | "part" };
  file: FileSummary;
  versions: readonly FileSummary[];
  links: readonly FileLink[];
  onVersion: (id: string) => void;
}

function Recorded({ run, item, file, versions, links, onVersion }: RecordedProps) {
  const { t } = useTranslation();
  const part = item.type === "part" ? item.part : null;
  const name = part ? `${file.name}/${part.path}` : file.name;
  const sha256 = part ? part.sha256 : file.sha256;
  const bytes = part ? part.bytes : file.bytes;
  const isStored = part ? part.is_stored : file.status === "stored";
  // A file that was recorded alone is called as it was where it lay.
  const path = part ? part.path : (file.path.split("/").pop() ?? "");
  const load = `mltrack.open().run("${run}").file("${file.id}").download()`;
  return (
    <Pane title={name}>
      {isStored && (
        <p className="file-actions">
          {(part !== null || !file.is_folder) && (
            <a className="chip" href={fileBytesUrl(run, file.id, path)} download>
              <Icon name="download" /> {t("files.download")}
            </a>
          )}
          {!part && <CopyButton label={t("files.copy_python")} text={load} />}
        </p>
      )}
      {versions.length > 1 && (
        <label className="file-version">
          {t("files.version")}
          <select value={file.id} onChange={(event) => onVersion(event.target.value)}>
            {versions.map((each, index) => (
              <option key={each.id} value={each.id}>
                {[
                  `v${versions.length - index}`,
                  ...(each.step === null
                    ? []
                    : [t("run.step", { step: each.step.toLocaleString("en-US") })]),
                  formatDate(each.time_ns),
                ].join(" · ")}
              </option>
            ))}
          </select>
        </label>
      )}
      <dl className="file-facts">
        <Fact name={t("files.use")}>
          {t(`files.use_${file.use}`)}
          {file.kind && ` · ${file.kind}`}
        </Fact>
        <Fact name={t("checkpoints.status")}>
          <span className={`checkpoint-status is-${file.status}`}>
            {file.status === "elsewhere"
              ? t("files.is_elsewhere")
              : t(`checkpoints.is_${file.status}`)}
          </span>
          {(file.problem || file.reason) && (
            <div className="muted">{file.problem || file.reason}</div>
          )}
        </Fact>
        <Fact name={t("checkpoints.size")}>
          {bytes === null ? "–" : formatBytes(bytes)}
          {file.is_folder && !part && (
            <span className="muted"> {t("checkpoints.show_files", { count: file.files })}</span>
          )}
        </Fact>
        {file.step !== null && (
          <Fact name={t("checkpoints.step")}>{file.step.toLocaleString("en-US")}</Fact>
        )}
        <Fact name={t("files.recorded")}>{formatDate(file.time_ns)}</Fact>
        <Fact name={t(file.status === "elsewhere" ? "files.address" : "files.path")}>
          <bdi>
            <code>{part ? `${file.path}/${part.path}` : file.path}</code>
          </bdi>
          <CopyButton text={part ? `${file.path}/${part.path}` : file.path} />
        </Fact>
        {sha256 && (
          <Fact name="SHA-256">
            <code>{sha256}</code>
            <CopyButton text={sha256} />
          </Fact>
        )}
      </dl>
      <Links links={links} use={file.use} />
      {isStored && (part !== null || !file.is_folder) && (
        <Preview run={run} file={file.id} path={path} />
      )}
    </Pane>
  );
}

function CheckpointFiles({
  run,
  node,
  id,
  links,
}: {
  run: string;
  node: Node;
  id: string;
  links: readonly FileLink[];
}) {
  const { t } = useTranslation();
  return (
    <Pane title={node.label}>
      <p className="file-actions">
        <Link className="chip" href={`/r/${run}/checkpoints?c=${id}`}>
          {t("files.to_checkpoint")}
        </Link>
      </p>
      <Links links={links.filter((link) => link.file === id)} use="output" />
    </Pane>
  );
}

/** What mltrack itself has recorded. */
function Own({ own }: { own: OwnFile }) {
  const { t } = useTranslation();
  const { text } = own;
  return (
    <Pane title={own.name}>
      <p className="muted">{t(`files.own_${own.name.split(".")[0] as OwnName}`)}</p>
      <p className="file-actions">
        {text === undefined ? (
          <a className="chip" href={own.url} download>
            <Icon name="download" /> {t("files.download")}
          </a>
        ) : (
          <button
            type="button"
            className="chip"
            onClick={() => download(new Blob([text], { type: "text/plain" }), own.name)}
          >
            <Icon name="download" /> {t("files.download")}
          </button>
        )}
      </p>
      {text !== undefined && <Text text={text} />}
    </Pane>
  );
}

type OwnName = "console" | "uncommitted" | "requirements" | "params";

function Pane({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="file-pane" aria-label={title}>
      <h2>
        <bdi>{title}</bdi>
      </h2>
      {children}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

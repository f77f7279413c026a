import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { deleteVersion } from "../api/models";
import { formatBytes, formatNumber, toNumber } from "../api/number";
import type { Model, ModelVersion } from "../api/types";
import { isolated } from "../i18n";
import { formatDate } from "../list/columns";
import { loadingOf } from "../run/loading";
import { CopyButton } from "../shell/CopyButton";
import { AliasDialog } from "./AliasDialog";
import { Aliases } from "./Aliases";
import { metricsOf } from "./metrics";

/** The versions of a model beside each other, the newest first. */
export function Versions({ project, model }: { project: string; model: Model }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [isAll, setAll] = useState(false);
  const [moved, setMoved] = useState<number | null>(null);
  const again = () =>
    client.invalidateQueries({ queryKey: ["model", project, model.summary.name] });
  const marking = useMutation({
    mutationFn: ({ version, deleted_ns }: ModelVersion) =>
      deleteVersion(model.summary.id, version, deleted_ns !== null),
    onSuccess: again,
  });
  const shown = model.versions.filter(({ deleted_ns }) => isAll || deleted_ns === null);
  const metrics = metricsOf(shown);
  return (
    <section aria-label={t("models.versions")} className="scroll-x">
      {marking.error && (
        <p className="bad" role="alert">
          {marking.error.message}
        </p>
      )}
      <table className="models-table">
        <thead>
          <tr>
            <th scope="col">{t("models.version")}</th>
            <th scope="col">{t("models.aliases")}</th>
            <th scope="col">{t("models.run")}</th>
            <th scope="col">{t("checkpoints.step")}</th>
            {metrics.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            <th scope="col">{t("checkpoints.size")}</th>
            <th scope="col">{t("checkpoints.status")}</th>
            <th scope="col">{t("models.registered")}</th>
            <th scope="col">
              <span className="only-said">{t("board.menu")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <Row
              key={one.version}
              project={project}
              model={model}
              version={one}
              metrics={metrics}
              onAlias={() => setMoved(one.version)}
              onMark={() => marking.mutate(one)}
            />
          ))}
        </tbody>
      </table>
      {model.versions.some(({ deleted_ns }) => deleted_ns !== null) && (
        <label className="model-all">
          <input
            type="checkbox"
            checked={isAll}
            onChange={(change) => setAll(change.target.checked)}
          />
          {t("models.deleted")}
        </label>
      )}
      {moved !== null && (
        <AliasDialog model={model} version={moved} onMoved={again} onClose={() => setMoved(null)} />
      )}
    </section>
  );
}

interface RowProps {
  project: string;
  model: Model;
  version: ModelVersion;
  metrics: readonly string[];
  onAlias: () => void;
  onMark: () => void;
}

function Row({ project, model, version, metrics, onAlias, onMark }: RowProps) {
  const { t } = useTranslation();
  const { found } = version;
  const isDeleted = version.deleted_ns !== null;
  const which = version.aliases[0] ?? version.version;
  const named = JSON.stringify(`${model.summary.name}@${which}`);
  const load =
    found?.status === "stored"
      ? `import mltrack\n\napi = mltrack.open()\n` +
        `path = api.model_version(${named}, ${JSON.stringify(project)}).download()`
      : found && loadingOf(version.run, found);
  return (
    <tr className={isDeleted ? "is-removed" : ""}>
      <th scope="row">{version.version}</th>
      <td>
        <Aliases names={version.aliases} />
      </td>
      <td>
        <Link href={`/r/${version.run}/checkpoints?c=${version.checkpoint}`}>
          {isolated(version.run_name) || version.run.slice(-8)}
        </Link>
        {version.is_run_deleted && <div className="muted">{t("models.run_deleted")}</div>}
        <div>
          <Link href={`/r/${version.run}/files`}>{t("models.data")}</Link>
        </div>
      </td>
      <td>{version.step.toLocaleString("en-US")}</td>
      {metrics.map((name) => {
        const value = found?.metrics[name];
        return <td key={name}>{value === undefined ? "–" : formatNumber(toNumber(value))}</td>;
      })}
      <td>{formatBytes(version.bytes)}</td>
      <td>
        {found ? (
          <span className={`checkpoint-status is-${found.status}`}>
            {t(`checkpoints.is_${found.status}`)}
          </span>
        ) : (
          t("models.gone")
        )}
        {version.digest && (
          <div className="muted" title={`SHA-256 ${version.digest}`}>
            <code>{version.digest.slice(0, 12)}</code>
          </div>
        )}
      </td>
      <td>
        {formatDate(version.registered_ns)}
        {version.author && <div className="muted">{isolated(version.author)}</div>}
        {version.note && <div className="model-note">{isolated(version.note)}</div>}
      </td>
      <td className="model-actions">
        {load && <CopyButton label={t("checkpoints.copy_load")} text={load} />}
        {!isDeleted && (
          <button
            type="button"
            className="chip"
            aria-label={t("models.alias_named", { version: version.version })}
            onClick={onAlias}
          >
            {t("models.alias")}
          </button>
        )}
        <button
          type="button"
          className="chip"
          aria-label={t(isDeleted ? "models.restore_named" : "models.delete_named", {
            version: version.version,
          })}
          onClick={onMark}
        >
          {isDeleted ? t("board.restore") : t("board.delete")}
        </button>
      </td>
    </tr>
  );
}

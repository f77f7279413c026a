import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { fetchDeletedModels, fetchModels, restoreModel } from "../api/models";
import { isolated } from "../i18n";
import { formatDate } from "../list/columns";
import { CopyButton } from "../shell/CopyButton";
import { Failure } from "../shell/Failure";
import { useTitle } from "../shell/useTitle";
import { modelAddress } from "./address";
import { Aliases } from "./Aliases";

const LINES = `mltrack register RUN:best NAME --alias champion --why "best so far"`;

/** The models of a project, the one that changed last first. */
export function ModelsPage({ project }: { project: string }) {
  const { t } = useTranslation();
  useTitle(`${t("page.models")} · ${project}`);
  const query = useQuery({
    queryKey: ["models", project],
    queryFn: ({ signal }) => fetchModels(project, signal),
    refetchOnMount: "always",
    refetchOnWindowFocus: true,
  });
  if (query.isError && !query.data)
    return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <div className="page-loading">{t("loading")}</div>;
  if (query.data.models.length === 0)
    return (
      <div className="empty">
        <h1>{t("models.none")}</h1>
        <p>{t("models.none_lead")}</p>
        <figure className="snippet">
          <figcaption>{t("models.none_how")}</figcaption>
          <pre>{LINES}</pre>
          <CopyButton text={LINES} />
        </figure>
        <Deleted project={project} />
      </div>
    );
  return (
    <div className="models-page scroll-x">
      <h1>{t("page.models")}</h1>
      <table className="models-table">
        <thead>
          <tr>
            <th scope="col">{t("list.name")}</th>
            <th scope="col">{t("models.latest")}</th>
            <th scope="col">{t("models.versions")}</th>
            <th scope="col">{t("models.aliases")}</th>
            <th scope="col">{t("models.changed")}</th>
          </tr>
        </thead>
        <tbody>
          {query.data.models.map((model) => (
            <tr key={model.id}>
              <th scope="row">
                <Link href={modelAddress(project, model.name)}>{model.name}</Link>
              </th>
              <td>{model.latest ?? "–"}</td>
              <td>{model.versions}</td>
              <td>
                <Aliases
                  names={model.aliases.map(({ alias, version }) => `${alias} → ${version}`)}
                />
              </td>
              <td>{formatDate(model.changed_ns)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Deleted project={project} />
    </div>
  );
}

/** Models that were deleted less than 30 days ago, and the way back. */
function Deleted({ project }: { project: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [isShown, setShown] = useState(false);
  const query = useQuery({
    queryKey: ["models", project, "deleted"],
    queryFn: ({ signal }) => fetchDeletedModels(project, signal),
    refetchOnMount: "always",
  });
  const restoring = useMutation({
    mutationFn: restoreModel,
    onSettled: () => client.invalidateQueries({ queryKey: ["models", project] }),
  });
  const models = query.data?.models ?? [];
  if (models.length === 0) return null;
  return (
    <>
      <label className="model-all">
        <input
          type="checkbox"
          checked={isShown}
          onChange={(change) => setShown(change.target.checked)}
        />
        {t("models.deleted_ones", { count: models.length })}
      </label>
      {restoring.error && (
        <p className="bad" role="alert">
          {restoring.error.message}
        </p>
      )}
      {isShown && (
        <ul className="model-moves">
          {models.map((model) => (
            <li key={model.id}>
              {isolated(model.name)}{" "}
              <span className="muted">
                {t("models.removed_on", { time: formatDate(model.purge_ns ?? 0) })}
              </span>{" "}
              <button
                type="button"
                className="chip"
                disabled={restoring.isPending}
                aria-label={t("models.restore_model", { name: model.name })}
                onClick={() => restoring.mutate(model.id)}
              >
                {t("board.restore")}
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

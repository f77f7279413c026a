import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { fetchModels } from "../api/models";
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
    </div>
  );
}

import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { fetchModel } from "../api/models";
import type { Model } from "../api/types";
import { isolated } from "../i18n";
import { formatDate } from "../list/columns";
import { Box } from "../run/Box";
import { Failure } from "../shell/Failure";
import { useTitle } from "../shell/useTitle";
import { useAddressedModel } from "./address";
import { Card } from "./Card";
import { Versions } from "./Versions";

/** One model: its versions, its card, and how its aliases were moved. */
export function ModelPage({ project }: { project: string }) {
  const { t } = useTranslation();
  const name = useAddressedModel();
  useTitle(`${name} · ${project}`);
  const query = useQuery({
    queryKey: ["model", project, name],
    queryFn: ({ signal }) => fetchModel(project, name, signal),
    refetchOnMount: "always",
    // Somebody else may have moved an alias while this page was in the background.
    refetchOnWindowFocus: true,
  });
  const home = `/p/${encodeURIComponent(project)}`;
  if (query.isError && !query.data)
    return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <div className="page-loading">{t("loading")}</div>;
  if (query.data === null)
    return (
      <div className="failure">
        <p>{t("models.missing", { name })}</p>
        <Link href={`${home}/models`}>{t("models.to_all")}</Link>
      </div>
    );
  const model = query.data;
  const runs = [...new Set(model.versions.filter((one) => !one.deleted_ns).map(({ run }) => run))];
  const compare = `${home}/compare?${new URLSearchParams({ r: runs.join(",") }).toString()}`;
  return (
    <div className="models-page">
      <header className="model-head">
        <Link href={`${home}/models`}>{t("page.models")}</Link>
        <h1>{name}</h1>
        {runs.length > 1 && <Link href={compare}>{t("models.compare")}</Link>}
      </header>
      <Versions project={project} model={model} />
      <div className="model-boxes">
        <Card project={project} model={model} />
        <History model={model} />
      </div>
    </div>
  );
}

/** Every move of an alias: from where, to where, by whom and why. */
function History({ model }: { model: Model }) {
  const { t } = useTranslation();
  const place = (version: number | null) =>
    version === null ? t("models.nowhere") : t("models.version_of", { version });
  return (
    <Box title={t("models.history")}>
      {model.moves.length === 0 && <p className="muted">{t("models.no_moves")}</p>}
      <ol className="model-moves">
        {model.moves.map((move, index) => (
          <li key={model.moves.length - index}>
            <span className="model-aliases">
              <span>{move.alias}</span>
            </span>{" "}
            {place(move.version_before)} → {place(move.version)}
            <div className="muted">
              {[isolated(move.author), formatDate(move.moved_ns)].filter(Boolean).join(" · ")}
            </div>
            {move.why && <div>{isolated(move.why)}</div>}
          </li>
        ))}
      </ol>
    </Box>
  );
}

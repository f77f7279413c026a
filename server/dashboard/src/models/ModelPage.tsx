import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, Redirect } from "wouter";

import { fetchModel } from "../api/models";
import type { Model } from "../api/types";
import { isolated } from "../i18n";
import { formatDate } from "../list/columns";
import { Box } from "../run/Box";
import { Failure } from "../shell/Failure";
import { useTitle } from "../shell/useTitle";
import { modelAddress, useAddressedModel } from "./address";
import { Card } from "./Card";
import { DeleteDialog } from "./DeleteDialog";
import { RenameDialog } from "./RenameDialog";
import { Versions } from "./Versions";

/** One model: its versions, its card, and how its aliases were moved. */
export function ModelPage({ project }: { project: string }) {
  const { t } = useTranslation();
  const name = useAddressedModel();
  useTitle(`${name} · ${project}`);
  const [asked, setAsked] = useState<"rename" | "delete" | null>(null);
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
  // A name that it had before: the address becomes that of the name that it has.
  if (model.summary.name !== name)
    return <Redirect to={modelAddress(project, model.summary.name)} replace />;
  const runs = [...new Set(model.versions.filter((one) => !one.deleted_ns).map(({ run }) => run))];
  const compare = `${home}/compare?${new URLSearchParams({ r: runs.join(",") }).toString()}`;
  return (
    <div className="models-page">
      <header className="model-head">
        <Link href={`${home}/models`}>{t("page.models")}</Link>
        <h1>{name}</h1>
        {runs.length > 1 && <Link href={compare}>{t("models.compare")}</Link>}
        <button type="button" className="chip" onClick={() => setAsked("rename")}>
          {t("models.rename_dots")}
        </button>
        <button type="button" className="chip" onClick={() => setAsked("delete")}>
          {t("models.delete_dots")}
        </button>
      </header>
      <Versions project={project} model={model} />
      <div className="model-boxes">
        <Card project={project} model={model} />
        <History model={model} />
      </div>
      {asked === "rename" && <RenameDialog model={model} onClose={() => setAsked(null)} />}
      {asked === "delete" && <DeleteDialog model={model} onClose={() => setAsked(null)} />}
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
      {model.namings.length > 0 && (
        <>
          <h3>{t("models.names")}</h3>
          <ol className="model-moves">
            {model.namings.map((naming, index) => (
              <li key={model.namings.length - index}>
                {isolated(naming.name_before)} → {isolated(naming.name)}
                <div className="muted">
                  {[isolated(naming.author), formatDate(naming.renamed_ns)]
                    .filter(Boolean)
                    .join(" · ")}
                </div>
              </li>
            ))}
          </ol>
        </>
      )}
    </Box>
  );
}

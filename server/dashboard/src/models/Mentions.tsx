import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { fetchMentions } from "../api/models";
import type { CheckpointSummary, RunSummary } from "../api/types";
import { modelAddress } from "./address";
import { Aliases } from "./Aliases";

const RegisterDialog = lazy(() =>
  import("./RegisterDialog").then(({ RegisterDialog }) => ({ default: RegisterDialog })),
);

/** Which versions of models a checkpoint is, and the way to make it one. */
export function Mentions({ run, checkpoint }: { run: RunSummary; checkpoint: CheckpointSummary }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const query = useQuery({
    queryKey: ["run", run.id, "models"],
    queryFn: ({ signal }) => fetchMentions(run.id, signal),
    refetchOnMount: "always",
  });
  const here = query.data?.mentions.filter((one) => one.checkpoint === checkpoint.id) ?? [];
  return (
    <>
      {here.map(({ model, project, name, version, aliases }) => (
        <div key={`${model} ${version}`}>
          <Link href={modelAddress(project, name)}>
            {name} {version}
          </Link>{" "}
          <Aliases names={aliases} />
        </div>
      ))}
      <button
        type="button"
        className="chip"
        aria-haspopup="dialog"
        aria-label={t("models.register_step", { step: checkpoint.step })}
        onClick={() => setOpen(true)}
      >
        {t("models.register_dots")}
      </button>
      <Suspense fallback={null}>
        {isOpen && (
          <RegisterDialog run={run} checkpoint={checkpoint} onClose={() => setOpen(false)} />
        )}
      </Suspense>
    </>
  );
}

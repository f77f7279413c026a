import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { fetchMedia, fetchShown } from "../../api/client";
import type { Run } from "../../api/types";
import { MediaSection } from "../../media/MediaSection";
import { StepSlider } from "../../media/StepSlider";
import { Failure } from "../../shell/Failure";
import type { PanelOf } from "../document";
import { WithRun } from "./WithRun";
import "../../styles/media.css";

export function MediaBody({ panel }: { panel: PanelOf<"media"> }) {
  return (
    <WithRun chosen={panel.run} what="media">
      {(run) => <Media run={run} name={panel.name} />}
    </WithRun>
  );
}

function Media({ run, name }: { run: Run; name: string }) {
  const { id } = run.summary;
  const { t } = useTranslation();
  const [step, setStep] = useState<number | null>(null);
  const overview = useQuery({
    queryKey: ["run", id, "media", run.media],
    queryFn: ({ signal }) => fetchMedia(id, signal),
    placeholderData: keepPreviousData,
  });
  const shown = useQuery({
    queryKey: ["run", id, "media", "shown", step, run.media],
    queryFn: ({ signal }) => fetchShown(id, step, signal),
    placeholderData: keepPreviousData,
  });
  const failed = [overview, shown].find((query) => query.isError);
  if (failed) return <Failure error={failed.error!} onRetry={() => void failed.refetch()} />;
  if (!overview.data || !shown.data) return <p className="panel-hint">{t("loading")}</p>;
  const records = shown.data.records.filter((record) => name === "" || record.name === name);
  return (
    <>
      <StepSlider
        steps={overview.data.steps}
        isThinned={overview.data.is_thinned}
        step={step}
        onStep={setStep}
      />
      {records.length === 0 && <p className="panel-hint">{t("media.none")}</p>}
      {records.map((record) => (
        <MediaSection
          key={record.name}
          run={id}
          record={record}
          step={step ?? overview.data.steps.at(-1) ?? record.step}
        />
      ))}
    </>
  );
}

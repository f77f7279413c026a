import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { fetchMedia, fetchShown } from "../api/client";
import type { MediaOverview, MediaPage, Run } from "../api/types";
import { MediaSection } from "../media/MediaSection";
import { StepSlider } from "../media/StepSlider";
import { Failure } from "../shell/Failure";
import { useUrl } from "../shell/useUrl";

/** Bytes come a moment after what tells of them: so often it is looked again. */
const ARRIVAL_INTERVAL_MS = 2000;
const ARRIVAL_LOOKS = 15;

/** Images, sounds, texts and tables of a run, all names at one step. */
export function MediaTab({ run }: { run: Run }) {
  const { id } = run.summary;
  const { t } = useTranslation();
  const overview = useQuery({
    queryKey: ["run", id, "media"],
    queryFn: ({ signal }) => fetchMedia(id, signal),
  });
  if (overview.isError && !overview.data)
    return <Failure error={overview.error} onRetry={() => void overview.refetch()} />;
  if (!overview.data) return <div className="page-loading">{t("loading")}</div>;
  return <Shown id={id} overview={overview.data} />;
}

function Shown({ id, overview }: { id: string; overview: MediaOverview }) {
  const { t } = useTranslation();
  const [stepText, setStepText] = useUrl("ms");
  const step = /^-?\d+$/.test(stepText) ? Number(stepText) : null;
  const query = useQuery({
    queryKey: ["run", id, "media", "shown", step],
    queryFn: ({ signal }) => fetchShown(id, step, signal),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      isArriving(state.data) && state.dataUpdateCount < ARRIVAL_LOOKS ? ARRIVAL_INTERVAL_MS : false,
  });
  return (
    <>
      <StepSlider
        steps={overview.steps}
        isThinned={overview.is_thinned}
        step={step}
        onStep={(next) => setStepText(next === null ? null : String(next))}
      />
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.data?.records.length === 0 && <p className="panel-hint">{t("media.none")}</p>}
      {query.data?.records.map((record) => (
        <MediaSection
          key={record.name}
          run={id}
          record={record}
          step={step ?? overview.steps.at(-1) ?? record.step}
        />
      ))}
    </>
  );
}

function isArriving(page: MediaPage | undefined): boolean {
  return !!page?.records.some((record) =>
    record.items.some(
      (item) => !item.file.is_here || item.masks.some((mask) => !mask.file.is_here),
    ),
  );
}

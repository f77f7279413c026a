// Panels that show one run: its distributions, its media.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import {
  fetchHistogram,
  fetchHistogramGrid,
  fetchMedia,
  fetchRun,
  fetchShown,
} from "../../api/client";
import type { Run } from "../../api/types";
import { groupOf, groupsOf, rowsOf } from "../../distributions/grid";
import { HeatMap } from "../../distributions/HeatMap";
import { PercentileBands } from "../../distributions/PercentileBands";
import { Ridgeline } from "../../distributions/Ridgeline";
import { MediaSection } from "../../media/MediaSection";
import { StepSlider } from "../../media/StepSlider";
import { Failure } from "../../shell/Failure";
import type { PanelOf } from "../document";
import { useScope } from "../scope";
import "../../styles/distributions.css";
import "../../styles/media.css";

/** So many of the newest runs are looked at for one that has something to show. */
const LOOKS_MAX = 10;
const COLUMNS = 120;
const RIDGES = 24;
const STEPS = 160;

/** Show *children* of the run *chosen*, or of the newest that has any of *what*. */
function WithRun(props: {
  chosen: string;
  what: "histograms" | "media";
  children: (run: Run) => ReactNode;
}) {
  const { chosen, what } = props;
  const { t } = useTranslation();
  const { runs } = useScope();
  const ids = chosen ? [chosen] : runs.slice(0, LOOKS_MAX).map((run) => run.id);
  const query = useQuery({
    // A run that goes on may get what it has not, and more of what it has.
    queryKey: ["run-with", what, ...ids, chosen ? 0 : runs[0]?.rev],
    queryFn: async ({ signal }) => {
      for (const id of ids) {
        const run = await fetchRun(id, signal);
        if (run[what] > 0) return run;
      }
      return null;
    },
    placeholderData: keepPreviousData,
  });
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <p className="panel-hint">{t("loading")}</p>;
  if (!query.data) return <p className="panel-hint">{t(`board.no_${what}`)}</p>;
  return (
    <>
      <p className="panel-run">
        <Link href={`/r/${query.data.summary.id}`}>{query.data.summary.name}</Link>
      </p>
      {props.children(query.data)}
    </>
  );
}

export function HistogramsBody({ panel }: { panel: PanelOf<"histograms"> }) {
  return (
    <WithRun chosen={panel.run} what="histograms">
      {(run) =>
        panel.view === "layers" ? (
          <Layers run={run} name={panel.name} />
        ) : (
          <OneHistogram run={run} panel={panel} />
        )
      }
    </WithRun>
  );
}

function useGrid(run: Run) {
  const { id } = run.summary;
  return useQuery({
    queryKey: ["histograms", id, run.histograms],
    queryFn: ({ signal }) => fetchHistogramGrid(id, COLUMNS, signal),
    placeholderData: keepPreviousData,
  });
}

function Layers({ run, name }: { run: Run; name: string }) {
  const { t } = useTranslation();
  const [selected, setSelected] = useState<string | null>(null);
  const grid = useGrid(run);
  const shown = useMemo(() => {
    if (!grid.data) return null;
    const groups = groupsOf(grid.data.rows.map((row) => row.name));
    const group = groups.find((one) => one === groupOf(name)) ?? groups[0] ?? "";
    return { group, rows: rowsOf(grid.data, group) };
  }, [grid.data, name]);
  if (grid.isError) return <Failure error={grid.error} onRetry={() => void grid.refetch()} />;
  if (!grid.data || !shown) return <p className="panel-hint">{t("loading")}</p>;
  return (
    <HeatMap
      columns={grid.data.columns}
      rows={shown.rows}
      measure="magnitude"
      group={shown.group}
      selected={selected}
      onSelect={setSelected}
    />
  );
}

function OneHistogram({ run, panel }: { run: Run; panel: PanelOf<"histograms"> }) {
  const { t } = useTranslation();
  const { id } = run.summary;
  const grid = useGrid(run);
  const name = panel.name || (grid.data?.rows[0]?.name ?? null);
  const columns = panel.view === "ridges" ? RIDGES : STEPS;
  const query = useQuery({
    queryKey: ["histogram", id, name, run.histograms, columns],
    queryFn: ({ signal }) => fetchHistogram(id, name!, columns, signal),
    placeholderData: keepPreviousData,
    enabled: name !== null,
  });
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <p className="panel-hint">{t("loading")}</p>;
  if (query.data.histograms.length === 0)
    return <p className="panel-hint">{t("board.no_histograms")}</p>;
  return (
    <div className="distributions">
      <h4>{query.data.name}</h4>
      {panel.view === "ridges" ? (
        <Ridgeline series={query.data} />
      ) : (
        <PercentileBands series={query.data} onStep={() => undefined} />
      )}
    </div>
  );
}

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

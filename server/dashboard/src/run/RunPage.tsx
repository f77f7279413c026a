import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useContext, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";

import { isMissing } from "../api/client";
import type { Run } from "../api/types";
import { useCursor } from "../charts/cursor";
import { writePins } from "../charts/pins";
import { Completion, usePins } from "../charts/usePins";
import { useConsole } from "../console/useConsole";
import { useMetricNames } from "../series/useMetricNames";
import { Failure } from "../shell/Failure";
import { useShortcuts } from "../shell/shortcuts";
import { useTitle } from "../shell/useTitle";
import { ChartsTab } from "./ChartsTab";
import type { Clock } from "./clock";
import { Clocked } from "./Clocked";
import { FLOWS, hasFlow } from "./flow";
import { RunHeader } from "./RunHeader";
import { runQuery } from "./runQuery";
import { useRunChanges } from "./useRunChanges";

// What nobody opens first is fetched when it is opened.
const ConsoleTab = lazy(() =>
  import("../console/ConsoleTab").then(({ ConsoleTab }) => ({ default: ConsoleTab })),
);
const FilesTab = lazy(() =>
  import("../files/FilesTab").then(({ FilesTab }) => ({ default: FilesTab })),
);
const DistributionsTab = lazy(() =>
  import("./DistributionsTab").then(({ DistributionsTab }) => ({ default: DistributionsTab })),
);
const GradientsTab = lazy(() =>
  import("./GradientsTab").then(({ GradientsTab }) => ({ default: GradientsTab })),
);
const MediaTab = lazy(() => import("./MediaTab").then(({ MediaTab }) => ({ default: MediaTab })));
const CheckpointsTab = lazy(() =>
  import("./CheckpointsTab").then(({ CheckpointsTab }) => ({ default: CheckpointsTab })),
);
const OverviewTab = lazy(() =>
  import("./OverviewTab").then(({ OverviewTab }) => ({ default: OverviewTab })),
);
const SystemTab = lazy(() =>
  import("./SystemTab").then(({ SystemTab }) => ({ default: SystemTab })),
);

const TABS = [
  "charts",
  "gradients",
  "distributions",
  "media",
  "checkpoints",
  "overview",
  "system",
  "console",
  "files",
] as const;
const SILENCE_INTERVAL_MS = 30_000;

type TabName = (typeof TABS)[number];

/** Everything about one run, live while it goes on. */
export function RunPage({ id, tab }: { id: string; tab: string | undefined }) {
  const { t } = useTranslation();
  const query = useQuery({
    ...runQuery(id),
    // Silence is no change, so the feed does not speak of it.
    refetchInterval: ({ state }) =>
      state.data?.summary.state === "running" ? SILENCE_INTERVAL_MS : false,
  });
  useRunChanges(id);
  useTitle(query.data?.summary.name ?? id.slice(0, 8));
  if (query.isError && !query.data) {
    const error = isMissing(query.error) ? new Error(t("run.missing", { id })) : query.error;
    return <Failure error={error} onRetry={() => void query.refetch()} />;
  }
  if (!query.data) return <div className="page-loading">{t("loading")}</div>;
  const run = query.data;
  return <Clocked run={run}>{(clock) => <RunTabs run={run} clock={clock} tab={tab} />}</Clocked>;
}

function RunTabs(props: { run: Run; clock: Clock | null; tab: string | undefined }) {
  const { run, clock, tab } = props;
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const lines = useConsole(run.summary.id);
  const names = useMetricNames([run.summary]);
  const { pins, places, put } = usePins();
  useCursor(useContext(Completion), places.at(-1) ?? null);
  const hints: Partial<Record<TabName, string>> = {};
  if (Object.keys(run.summary.metrics).length === 0) hints.charts = t("tab.charts_empty");
  if (!FLOWS.some((flow) => hasFlow(names, flow))) hints.gradients = t("tab.gradients_empty");
  if (run.histograms === 0) hints.distributions = t("tab.distributions_empty");
  if (run.media === 0) hints.media = t("tab.media_empty");
  if (run.checkpoints === 0) hints.checkpoints = t("tab.checkpoints_empty");
  if (Object.keys(run.devices).length === 0) hints.system = t("tab.system_empty");
  if (lines.total === 0) hints.console = t("tab.console_empty");
  // Without metrics the overview says more than an empty wall.
  const current = TABS.find((name) => name === tab) ?? (hints.charts ? "overview" : "charts");
  // Pinned cursors stay when another tab is opened; nothing else of a tab means anything there.
  const kept = pins.length > 0 ? `?at=${writePins(pins, "step")}` : "";
  const address = (name: TabName) =>
    `/r/${run.summary.id}${name === "charts" && !hints.charts ? "" : `/${name}`}${kept}`;
  useShortcuts({
    Escape: () => put(null),
    ...Object.fromEntries(
      TABS.map((name, index) => [String(index + 1), () => navigate(address(name))]),
    ),
  });
  return (
    <div className="run-page">
      <RunHeader run={run} clock={clock} />
      <Announcement run={run} />
      <Tabs
        value={current}
        aria-label={run.summary.name}
        variant="scrollable"
        scrollButtons={false}
      >
        {TABS.map((name) => (
          <Tab
            key={name}
            value={name}
            id={`tab-${name}`}
            aria-controls={`panel-${name}`}
            component={Link}
            href={address(name)}
            className={hints[name] ? "tab-empty" : ""}
            title={hints[name]}
            label={t(`tab.${name}`)}
          />
        ))}
      </Tabs>
      <div
        role="tabpanel"
        id={`panel-${current}`}
        aria-labelledby={`tab-${current}`}
        className="panel"
      >
        <h2 className="only-said">{t(`tab.${current}`)}</h2>
        <Suspense fallback={<div className="page-loading">{t("loading")}</div>}>
          {hints[current] ? (
            <p className="panel-hint">{hints[current]}</p>
          ) : current === "charts" ? (
            <ChartsTab run={run} />
          ) : current === "gradients" ? (
            <GradientsTab run={run} />
          ) : current === "distributions" ? (
            <DistributionsTab run={run} />
          ) : current === "media" ? (
            <MediaTab run={run} />
          ) : current === "checkpoints" ? (
            <CheckpointsTab run={run} />
          ) : current === "system" ? (
            <SystemTab run={run} />
          ) : current === "console" ? (
            <ConsoleTab run={run} lines={lines} />
          ) : current === "files" ? (
            <FilesTab run={run} lines={lines.total ?? 0} />
          ) : (
            <OverviewTab run={run} />
          )}
        </Suspense>
      </div>
    </div>
  );
}

/** Says to screen readers that the run has come to another state; how it was at first they read. */
function Announcement({ run }: { run: Run }) {
  const { t } = useTranslation();
  const { state, name, reason } = run.summary;
  const [first] = useState(state);
  const [hasChanged, setChanged] = useState(false);
  useEffect(() => {
    if (state !== first) setChanged(true);
  }, [state, first]);
  return (
    <p role="status" className="only-said announcement">
      {hasChanged && [`${name}: ${t(`state.${state}`)}`, reason].filter(Boolean).join(", ")}
    </p>
  );
}

import { useTranslation } from "react-i18next";

import { AllLive } from "../charts/live";
import { Markdown } from "../markdown/Markdown";
import { Failure } from "../shell/Failure";
import { UrlPrefix } from "../shell/useUrl";
import { joined, type Panel } from "./document";
import { CompareBody } from "./panels/CompareBody";
import { ConsoleBody } from "./panels/ConsoleBody";
import { HistogramsBody } from "./panels/HistogramsBody";
import { ImportanceBody, ParallelBody, ScatterBody, TableBody } from "./panels/ManyRuns";
import { LinesBody, type AxisWindow } from "./panels/LinesBody";
import { MediaBody } from "./panels/MediaBody";
import { CheckpointsBody, DevicesBody, FlowBody } from "./panels/OneRun";
import { StaticChart } from "./panels/StaticChart";
import { ScopeProvider, useScope } from "./scope";

export interface PanelBodyProps {
  panel: Panel;
  /** What there is for it, in pixels. */
  height: number;
  window: AxisWindow | null;
  onWindow: (window: AxisWindow | null) => void;
  /** A person has changed in the picture what the document keeps. */
  onChange: (panel: Panel) => void;
  /** As a report has it: drawn once, whole, for paper too. */
  isStatic?: boolean;
}

/** What a panel shows, with an address of its own for what is opened and zoomed in it. */
export function PanelBody(props: PanelBodyProps) {
  return (
    <UrlPrefix value={`${props.panel.id}.`}>
      <AllLive value={props.isStatic ?? false}>
        <Scoped {...props} />
      </AllLive>
    </UrlPrefix>
  );
}

/** What it shows of its runs: the dashboard's, or those of them that its own filter names. */
function Scoped(props: PanelBodyProps) {
  const { panel } = props;
  const scope = useScope();
  if (panel.filter.trim() === "") return <Body {...props} />;
  return (
    <ScopeProvider
      project={scope.project}
      filter={joined(scope.filter, panel.filter)}
      drawnMax={scope.drawnMax}
    >
      <Refusable>
        <Body {...props} />
      </Refusable>
    </ScopeProvider>
  );
}

/** Says why a panel's own filter was refused; that of the dashboard says so where it is written. */
function Refusable({ children }: { children: React.ReactNode }) {
  const { error, isRefused, retry } = useScope();
  if (error && !isRefused) return <Failure error={error} onRetry={retry} />;
  if (error)
    return (
      <p className="panel-hint bad" role="alert">
        {error.message}
      </p>
    );
  return children;
}

function Body(props: PanelBodyProps) {
  const { panel, height, window, onWindow, onChange, isStatic = false } = props;
  const { t } = useTranslation();
  const { isPending, runs } = useScope();
  if (panel.type === "text")
    return panel.text.trim() === "" ? (
      <p className="panel-hint">{t("board.no_text")}</p>
    ) : (
      <Markdown text={panel.text} />
    );
  if (isPending) return <p className="panel-hint">{t("loading")}</p>;
  if (runs.length === 0) return <p className="panel-hint">{t("board.no_runs")}</p>;
  switch (panel.type) {
    case "lines":
      if (isStatic) return <StaticChart panel={panel} />;
      return <LinesBody panel={panel} height={height} window={window} onWindow={onWindow} />;
    case "table":
      return <TableBody panel={panel} isStatic={isStatic} />;
    case "scatter":
      return <ScatterBody panel={panel} />;
    case "parallel":
      return <ParallelBody panel={panel} onChange={onChange} />;
    case "importance":
      return <ImportanceBody panel={panel} />;
    case "histograms":
      return <HistogramsBody panel={panel} />;
    case "media":
      return <MediaBody panel={panel} />;
    case "flow":
      return <FlowBody panel={panel} />;
    case "devices":
      return <DevicesBody panel={panel} />;
    case "console":
      return <ConsoleBody panel={panel} isStatic={isStatic} />;
    case "checkpoints":
      return <CheckpointsBody panel={panel} />;
    case "compare":
      return <CompareBody panel={panel} isStatic={isStatic} onChange={onChange} />;
  }
}

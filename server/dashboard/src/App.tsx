import { ThemeProvider } from "@mui/material/styles";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link, Route, Switch } from "wouter";

import { ApiError } from "./api/client";
import { feed } from "./api/feed";
import type { Server } from "./api/types";
import { EmptyList } from "./list/EmptyList";
import { useProjects } from "./list/useProjects";
import { RunPage } from "./run/RunPage";
import { Boundary } from "./shell/Boundary";
import { Failure } from "./shell/Failure";
import { Shell } from "./shell/Shell";
import { muiTheme, THEME_KEY } from "./shell/theme";
import { useServer } from "./shell/useServer";
import { WorkspacePage } from "./workspace/WorkspacePage";

// What nobody opens first is fetched when it is opened.
const SignIn = lazy(() => import("./shell/SignIn").then(({ SignIn }) => ({ default: SignIn })));
const ComparePage = lazy(() =>
  import("./compare/ComparePage").then(({ ComparePage }) => ({ default: ComparePage })),
);
const ParamsPage = lazy(() =>
  import("./params/ParamsPage").then(({ ParamsPage }) => ({ default: ParamsPage })),
);
const BoardsPage = lazy(() =>
  import("./boards/BoardsPage").then(({ BoardsPage }) => ({ default: BoardsPage })),
);
const BoardPage = lazy(() =>
  import("./boards/BoardPage").then(({ BoardPage }) => ({ default: BoardPage })),
);
const ReportPage = lazy(() =>
  import("./boards/ReportPage").then(({ ReportPage }) => ({ default: ReportPage })),
);

const SettingsPage = lazy(() =>
  import("./project/SettingsPage").then(({ SettingsPage }) => ({ default: SettingsPage })),
);

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // The session has ended: the door asks the server again and then the user.
    onError: (error) => {
      if (error instanceof ApiError && error.status === 401)
        void client.invalidateQueries({ queryKey: ["server"] });
    },
  }),
  defaultOptions: {
    queries: {
      // What the server refuses it refuses again; what the network lost is worth another try.
      retry: (failures, error) =>
        !(error instanceof ApiError && error.status < 500) && failures < 3,
      // The feed says when something is out of date.
      refetchOnWindowFocus: false,
    },
  },
});

export function App() {
  return (
    <ThemeProvider
      theme={muiTheme}
      defaultMode="system"
      modeStorageKey={THEME_KEY}
      disableTransitionOnChange
    >
      <QueryClientProvider client={client}>
        <Door />
      </QueryClientProvider>
    </ThemeProvider>
  );
}

/** Asks for a token where the server wants one, else shows the pages and starts the feed. */
function Door() {
  const { t } = useTranslation();
  const server = useServer();
  const { data, isPending, error } = server;
  const isOpen = data !== undefined && (!data.needs_token || data.is_signed_in);
  useEffect(() => {
    if (isOpen) feed.start(data);
  }, [isOpen, data]);
  if (isPending) return <div className="page-loading">{t("loading")}</div>;
  if (!data) return <Failure error={error ?? new Error()} onRetry={() => void server.refetch()} />;
  if (!isOpen)
    return (
      <Suspense fallback={<div className="page-loading">{t("loading")}</div>}>
        <SignIn />
      </Suspense>
    );
  return (
    <Shell server={data}>
      <Boundary>
        <Pages server={data} />
      </Boundary>
    </Shell>
  );
}

function Pages({ server }: { server: Server }) {
  const { t } = useTranslation();
  return (
    <Switch>
      <Route path="/">
        <Home server={server} />
      </Route>
      <Route path="/p/:project">
        {({ project }) => <WorkspacePage key={project} project={decodeURIComponent(project)} />}
      </Route>
      <Route path="/p/:project/table">
        {({ project }) => (
          <WorkspacePage key={project} project={decodeURIComponent(project)} isTable />
        )}
      </Route>
      <Route path="/p/:project/compare">
        {({ project }) => (
          <Suspense fallback={<div className="page-loading">{t("loading")}</div>}>
            <ComparePage key={project} project={decodeURIComponent(project)} />
          </Suspense>
        )}
      </Route>
      <Route path="/p/:project/params">
        {({ project }) => (
          <Suspense fallback={<div className="page-loading">{t("loading")}</div>}>
            <ParamsPage key={project} project={decodeURIComponent(project)} />
          </Suspense>
        )}
      </Route>
      <Route path="/p/:project/settings">
        {({ project }) => (
          <Suspense fallback={<div className="page-loading">{t("loading")}</div>}>
            <SettingsPage key={project} project={decodeURIComponent(project)} />
          </Suspense>
        )}
      </Route>
      <Route path="/p/:project/dashboards">
        {({ project }) => (
          <Suspense fallback={<div className="page-loading">{t("loading")}</div>}>
            <BoardsPage key={project} project={decodeURIComponent(project)} />
          </Suspense>
        )}
      </Route>
      <Route path="/p/:project/dashboards/:dashboard">
        {({ project, dashboard }) => (
          <Suspense fallback={<div className="page-loading">{t("loading")}</div>}>
            <BoardPage key={dashboard} project={decodeURIComponent(project)} id={dashboard} />
          </Suspense>
        )}
      </Route>
      <Route path="/p/:project/reports/:report">
        {({ project, report }) => (
          <Suspense fallback={<div className="page-loading">{t("loading")}</div>}>
            <ReportPage key={report} project={decodeURIComponent(project)} id={report} />
          </Suspense>
        )}
      </Route>
      <Route path="/r/:run/:tab?">
        {({ run, tab }) => <RunPage key={run} id={run} tab={tab} />}
      </Route>
      <Route>
        <div className="failure">
          <p>{t("shell.not_found")}</p>
          <Link href="/">{t("shell.to_runs")}</Link>
        </div>
      </Route>
    </Switch>
  );
}

/** The project heard of last; without any, how to make one. */
function Home({ server }: { server: Server }) {
  const projects = useProjects();
  if (projects.isPending) return null;
  if (projects.isError)
    return <Failure error={projects.error} onRetry={() => void projects.refetch()} />;
  const latest = projects.data.projects[0];
  return latest ? (
    <WorkspacePage key={latest.name} project={latest.name} />
  ) : (
    <EmptyList server={server} />
  );
}

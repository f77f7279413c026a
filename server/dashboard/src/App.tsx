import { ThemeProvider } from "@mui/material/styles";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, Route, Switch, useLocation } from "wouter";

import { ApiError } from "./api/client";
import { feed } from "./api/feed";
import type { Server } from "./api/types";
import { EmptyList } from "./list/EmptyList";
import { useProjects } from "./list/useProjects";
import { RunPage } from "./run/RunPage";
import { useAddressedProject } from "./shell/address";
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
const ModelsPage = lazy(() =>
  import("./models/ModelsPage").then(({ ModelsPage }) => ({ default: ModelsPage })),
);
const ModelPage = lazy(() =>
  import("./models/ModelPage").then(({ ModelPage }) => ({ default: ModelPage })),
);
const ResourcesPage = lazy(() =>
  import("./resources/ResourcesPage").then(({ ResourcesPage }) => ({ default: ResourcesPage })),
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
        <Boundary>
          <Door />
        </Boundary>
      </QueryClientProvider>
    </ThemeProvider>
  );
}

/** Asks for a token where the server wants one, else shows the pages and starts the feed. */
function Door() {
  const { t } = useTranslation();
  const server = useServer();
  const { data, isPending, error } = server;
  const [path] = useLocation();
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
      <Boundary page={path}>
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
        <Project>{(project) => <WorkspacePage key={project} project={project} />}</Project>
      </Route>
      <Route path="/p/:project/table">
        <Project>{(project) => <WorkspacePage key={project} project={project} isTable />}</Project>
      </Route>
      <Route path="/p/:project/compare">
        <Project>{(project) => <ComparePage key={project} project={project} />}</Project>
      </Route>
      <Route path="/p/:project/params">
        <Project>{(project) => <ParamsPage key={project} project={project} />}</Project>
      </Route>
      <Route path="/p/:project/resources">
        <Project>{(project) => <ResourcesPage key={project} project={project} />}</Project>
      </Route>
      <Route path="/p/:project/settings">
        <Project>{(project) => <SettingsPage key={project} project={project} />}</Project>
      </Route>
      <Route path="/p/:project/dashboards">
        <Project>{(project) => <BoardsPage key={project} project={project} />}</Project>
      </Route>
      <Route path="/p/:project/dashboards/:dashboard">
        {({ dashboard }) => (
          <Project>
            {(project) => <BoardPage key={dashboard} project={project} id={dashboard} />}
          </Project>
        )}
      </Route>
      <Route path="/p/:project/models">
        <Project>{(project) => <ModelsPage key={project} project={project} />}</Project>
      </Route>
      <Route path="/p/:project/models/:model">
        {({ model }) => (
          <Project>
            {(project) => <ModelPage key={`${project}/${model}`} project={project} />}
          </Project>
        )}
      </Route>
      <Route path="/p/:project/reports/:report">
        {({ report }) => (
          <Project>
            {(project) => <ReportPage key={report} project={project} id={report} />}
          </Project>
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

/** A page of the project that the address is about, once it is fetched. */
function Project({ children }: { children: (project: string) => ReactNode }) {
  const { t } = useTranslation();
  const project = useAddressedProject();
  return (
    <Suspense fallback={<div className="page-loading">{t("loading")}</div>}>
      {project !== null && children(project)}
    </Suspense>
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

import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Redirect } from "wouter";

import type { Dashboard, DashboardSummary } from "../api/types";
import { Failure } from "../shell/Failure";
import { useTitle } from "../shell/useTitle";
import { addressOf } from "./address";
import { DRAWN_DEFAULT, scopeOf } from "./document";
import { ScopeProvider } from "./scope";
import { useBoard, useDashboard, type BoardState } from "./useBoard";

interface WithBoardProps {
  project: string;
  id: string;
  /** What the page is for; the other kind has a page of its own. */
  kind: DashboardSummary["kind"];
  children: (state: BoardState, stored: Dashboard) => ReactNode;
}

/** Shows *children* of a dashboard or report once it is here, in the scope of its runs. */
export function WithBoard({ project, id, kind, children }: WithBoardProps) {
  const { t } = useTranslation();
  const { data, error, refetch } = useDashboard(id);
  if (!data && error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <div className="page-loading">{t("loading")}</div>;
  if (data.summary.kind !== kind) return <Redirect to={addressOf(data.summary)} />;
  return (
    <Loaded key={id} project={project} stored={data}>
      {children}
    </Loaded>
  );
}

type LoadedProps = Pick<WithBoardProps, "project" | "children"> & { stored: Dashboard };

function Loaded({ project, stored, children }: LoadedProps) {
  const state = useBoard(stored);
  const { name, document } = state.board;
  useTitle(`${name} · ${project}`);
  return (
    <ScopeProvider
      project={project}
      filter={scopeOf(document)}
      drawnMax={document.drawn_max ?? DRAWN_DEFAULT}
    >
      {children(state, stored)}
    </ScopeProvider>
  );
}

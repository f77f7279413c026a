import Dialog from "@mui/material/Dialog";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { useTranslation } from "react-i18next";

import { fetchDashboard, fetchDashboardVersions } from "../api/client";
import type { Dashboard } from "../api/types";
import { isolated } from "../i18n";
import { formatDate } from "../list/columns";
import { Failure } from "../shell/Failure";
import type { BoardState } from "./useBoard";

interface HistoryDialogProps {
  state: BoardState;
  stored: Dashboard;
  onClose: () => void;
}

/** All versions that are kept. One that is taken over is a change like others: not saved yet. */
export function HistoryDialog({ state, stored, onClose }: HistoryDialogProps) {
  const { t } = useTranslation();
  const titleId = useId();
  const { id } = stored.summary;
  const query = useQuery({
    queryKey: ["dashboard-versions", id],
    queryFn: ({ signal }) => fetchDashboardVersions(id, signal),
    staleTime: 0,
  });
  const taking = useMutation({
    mutationFn: (version: number) => fetchDashboard(id, version),
    onSuccess: ({ document }) => {
      state.changeDocument(document);
      onClose();
    },
  });
  return (
    <Dialog open onClose={onClose} aria-labelledby={titleId}>
      <div className="edit-form">
        <h2 id={titleId}>{t("board.history")}</h2>
        {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
        {taking.error && (
          <p className="bad" role="alert">
            {taking.error.message}
          </p>
        )}
        <ul className="board-versions">
          {query.data?.versions.map(({ version, name, author, saved_ns }) => (
            <li key={version}>
              <b>{t("board.version", { version })}</b>
              <span>{name}</span>
              <span className="muted">
                {[isolated(author), formatDate(saved_ns)].filter(Boolean).join(", ")}
              </span>
              {version !== stored.version && (
                <button
                  type="button"
                  className="chip"
                  aria-label={t("board.take_version", { version })}
                  disabled={taking.isPending}
                  onClick={() => taking.mutate(version)}
                >
                  {t("board.take_over")}
                </button>
              )}
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

import IconButton from "@mui/material/IconButton";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";

import { createDashboard, deleteDashboard } from "../api/client";
import type { Dashboard } from "../api/types";
import { download, fileName } from "../charts/exports/files";
import { Icon } from "../shell/Icon";
import { usePerson } from "../shell/usePerson";
import { addressOf } from "./address";
import { fileText, frozenOf } from "./document";
import { HistoryDialog } from "./HistoryDialog";
import { useScope } from "./scope";
import type { BoardState } from "./useBoard";

/** What is done with a dashboard as a whole. */
export function BoardMenu({ state, stored }: { state: BoardState; stored: Dashboard }) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const [person] = usePerson();
  const scope = useScope();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [isHistoryOpen, setHistoryOpen] = useState(false);
  const { id, project } = stored.summary;
  const { board } = state;
  const home = `/p/${encodeURIComponent(project)}/dashboards`;
  const copying = useMutation({
    mutationFn: () =>
      createDashboard({
        project,
        name: t("board.copy_of", { name: board.name }).slice(0, 200),
        owner: board.owner,
        author: person,
        document: board.document,
      }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ["dashboards", project] });
      navigate(`${addressOf(made.summary)}?edit=1`);
    },
  });
  const deleting = useMutation({
    mutationFn: () => deleteDashboard(id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["dashboards", project] });
      navigate(home);
    },
  });
  const freezing = useMutation({
    mutationFn: () =>
      createDashboard({
        project,
        name: board.name,
        owner: board.owner,
        author: person,
        document: frozenOf(
          stored,
          scope.runs.map((run) => run.id),
          Date.now(),
        ),
      }),
    onSuccess: async ({ summary }) => {
      await client.invalidateQueries({ queryKey: ["dashboards", project] });
      navigate(`${addressOf(summary)}?edit=1`);
    },
  });
  const isReport = stored.summary.kind === "report";
  const failed = copying.error ?? deleting.error ?? freezing.error;
  const choose = (act: () => void) => () => {
    setAnchor(null);
    act();
  };
  const exported = () => {
    const text = fileText(board.name, board.document);
    download(new Blob([text], { type: "application/json" }), fileName(board.name, "json"));
  };
  return (
    <>
      <IconButton
        aria-label={t("board.menu")}
        title={t("board.menu")}
        aria-haspopup="menu"
        onClick={(click) => setAnchor(click.currentTarget)}
      >
        <Icon name="down" />
      </IconButton>
      {failed && (
        <span className="bad" role="alert">
          {failed.message}
        </span>
      )}
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {!isReport && (
          <MenuItem
            disabled={state.isChanged || scope.isPending || scope.error !== null}
            onClick={choose(() => freezing.mutate())}
          >
            {state.isChanged ? t("board.freeze_first") : t("board.freeze")}
          </MenuItem>
        )}
        <MenuItem onClick={choose(() => copying.mutate())}>{t("board.duplicate")}</MenuItem>
        <MenuItem onClick={choose(() => setHistoryOpen(true))}>{t("board.history")}</MenuItem>
        <MenuItem onClick={choose(exported)}>{t("board.export")}</MenuItem>
        <MenuItem onClick={choose(() => deleting.mutate())}>{t("board.delete")}</MenuItem>
      </Menu>
      {isHistoryOpen && (
        <HistoryDialog state={state} stored={stored} onClose={() => setHistoryOpen(false)} />
      )}
    </>
  );
}

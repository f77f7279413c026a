import Button from "@mui/material/Button";
import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import type { ApiError } from "../api/client";
import type { Dashboard } from "../api/types";
import { FilterBox } from "../list/FilterBox";
import { Failure } from "../shell/Failure";
import { Icon } from "../shell/Icon";
import { useUrl } from "../shell/useUrl";
import "../styles/boards.css";
import { AddPanel } from "./AddPanel";
import { BoardGrid } from "./BoardGrid";
import { BoardMenu } from "./BoardMenu";
import {
  heightOf,
  PANELS_MAX,
  panelsOf,
  withCopy,
  withoutPanel,
  withPanel,
  withPanelChanged,
  withPanels,
  type Panel,
} from "./document";
import { Legend } from "./Legend";
import type { AxisWindow } from "./panels/LinesBody";
import { PanelDialog } from "./PanelDialog";
import { SaveState } from "./SaveState";
import { useScope } from "./scope";
import { Tabs } from "./Tabs";
import type { BoardState } from "./useBoard";
import { WithBoard } from "./WithBoard";

/** One dashboard of the project: its panels on their tabs, to be seen and to be changed. */
export function BoardPage({ project, id }: { project: string; id: string }) {
  return (
    <WithBoard project={project} id={id} kind="dashboard">
      {(state, stored) => <Page state={state} stored={stored} />}
    </WithBoard>
  );
}

function Page({ state, stored }: { state: BoardState; stored: Dashboard }) {
  const { t } = useTranslation();
  const scope = useScope();
  const [editText, setEditText] = useUrl("edit");
  const [tabId, setTab] = useUrl("tab");
  const [edited, setEdited] = useState<{ panel: Panel; isNew: boolean } | null>(null);
  const [shown, setShown] = useState<AxisWindow | null>(null);
  const { board, changeDocument } = state;
  const { document } = board;
  const isEditing = editText === "1";
  const tab = document.tabs.find((one) => one.id === tabId) ?? document.tabs[0]!;
  const panels = panelsOf(document, tab.id);
  const isFull = panels.length >= PANELS_MAX;
  const onFilter = useCallback(
    (text: string | null) => changeDocument({ ...document, filter: text ?? "" }, "filter"),
    [changeDocument, document],
  );
  useEditKeys(state);
  const home = `/p/${encodeURIComponent(scope.project)}/dashboards`;
  return (
    <div className="board-page">
      <header className="board-bar">
        <Link href={home} className="board-back">
          <Icon name="back" />
          {t("page.dashboards")}
        </Link>
        {isEditing ? (
          <input
            className="board-name"
            aria-label={t("board.name_of")}
            value={board.name}
            maxLength={200}
            onChange={(change) => state.change({ ...board, name: change.target.value }, "name")}
          />
        ) : (
          <h1>{board.name}</h1>
        )}
        <SaveState state={state} stored={stored} />
        <span className="bar-space" />
        {isEditing && (
          <>
            {!isFull && (
              <AddPanel document={document} onAdd={(panel) => setEdited({ panel, isNew: true })} />
            )}
            <UndoTools state={state} />
          </>
        )}
        <Button
          variant={isEditing ? "contained" : "outlined"}
          onClick={() => setEditText(isEditing ? null : "1")}
        >
          {isEditing ? t("board.done") : t("board.edit")}
        </Button>
        <BoardMenu state={state} stored={stored} />
      </header>
      <div className="board-filter">
        <FilterBox
          value={document.filter}
          onChange={onFilter}
          runs={scope.runs}
          error={scope.isRefused ? (scope.error as ApiError) : null}
          unknown={[]}
        />
        <Legend
          onDrawnMax={(drawn_max) => changeDocument({ ...document, drawn_max }, "drawn_max")}
        />
      </div>
      <Tabs
        document={document}
        current={tab.id}
        isEditing={isEditing}
        onChoose={(id) => {
          setTab(id === document.tabs[0]!.id ? null : id);
          setShown(null);
        }}
        onChange={changeDocument}
      />
      {scope.error && !scope.isRefused ? (
        <Failure error={scope.error} onRetry={scope.retry} />
      ) : panels.length === 0 ? (
        <p className="no-match">
          {t("board.empty")}{" "}
          {!isEditing && (
            <button type="button" className="chip" onClick={() => setEditText("1")}>
              {t("board.edit")}
            </button>
          )}
        </p>
      ) : (
        <>
          <h2 className="only-said">{tab.title || t("board.panels")}</h2>
          <BoardGrid
            panels={panels}
            isEditing={isEditing}
            window={shown}
            onWindow={setShown}
            onArrange={(next) => changeDocument(withPanels(document, tab.id, next))}
            onChange={(panel) => changeDocument(withPanelChanged(document, panel))}
            onEdit={(panel) => setEdited({ panel, isNew: false })}
            onCopy={(panel) => !isFull && changeDocument(withCopy(document, tab.id, panel))}
            onRemove={(panel) => changeDocument(withoutPanel(document, panel.id))}
          />
        </>
      )}
      {edited && (
        <PanelDialog
          panel={edited.panel}
          isNew={edited.isNew}
          onClose={() => setEdited(null)}
          onSave={(panel) => {
            changeDocument(
              edited.isNew
                ? withPanel(document, tab.id, fitted(panel))
                : withPanelChanged(document, panel),
            );
            setEdited(null);
          }}
        />
      )}
    </div>
  );
}

/** A new text is as high as it needs to be. */
function fitted(panel: Panel): Panel {
  return panel.type === "text" ? { ...panel, height: heightOf(panel.text) } : panel;
}

/** Ctrl or ⌘ with Z, Shift and Z, or S; a field that is typed into has the first two to itself. */
function useEditKeys(state: BoardState): void {
  const latest = useRef(state);
  latest.current = state;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const { isChanged, isBehind, saving, save, undo, redo } = latest.current;
      const key = event.key.toLowerCase();
      const isField = !!(event.target as HTMLElement).closest("input, textarea, [role='dialog']");
      if (key === "z" && !isField) (event.shiftKey ? redo : undo)();
      else if (key === "s") {
        if (isChanged && !isBehind && !saving.isPending) save();
      } else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

function UndoTools({ state }: { state: BoardState }) {
  const { t } = useTranslation();
  return (
    <>
      <button
        type="button"
        className="tool"
        aria-label={t("board.undo")}
        title={t("board.undo")}
        disabled={!state.canUndo}
        onClick={state.undo}
      >
        <Icon name="reset" />
      </button>
      <button
        type="button"
        className="tool"
        aria-label={t("board.redo")}
        title={t("board.redo")}
        disabled={!state.canRedo}
        onClick={state.redo}
      >
        <Icon name="redo" />
      </button>
    </>
  );
}

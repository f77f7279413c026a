import Button from "@mui/material/Button";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import type { Dashboard, DashboardTab } from "../api/types";
import { Thread } from "../comments/Thread";
import { useThreads } from "../comments/useComments";
import { Boundary } from "../shell/Boundary";
import { Failure } from "../shell/Failure";
import { Icon } from "../shell/Icon";
import { Tool } from "../shell/Tool";
import { useUrl } from "../shell/useUrl";
import "../styles/boards.css";
import "../styles/report.css";
import { BoardMenu } from "./BoardMenu";
import {
  newPanel,
  withoutPanel,
  withPanelAt,
  withPanelChanged,
  withPanelMoved,
  withTabTitle,
  type Panel,
} from "./document";
import { COLUMNS, inOrder, pixelsOf } from "./grid";
import { PanelBody } from "./PanelBody";
import { PanelDialog } from "./PanelDialog";
import { SaveState } from "./SaveState";
import { useScope } from "./scope";
import { Takeaway } from "./Takeaway";
import { useTitleOf } from "./titles";
import type { BoardState } from "./useBoard";
import { WithBoard } from "./WithBoard";

/** A report: what a dashboard showed of certain runs, and what somebody has to say about it. */
export function ReportPage({ project, id }: { project: string; id: string }) {
  return (
    <WithBoard project={project} id={id} kind="report">
      {(state, stored) => <Report state={state} stored={stored} />}
    </WithBoard>
  );
}

interface ReportProps {
  state: BoardState;
  stored: Dashboard;
}

/** A panel that is being changed, or that is to stand before the one at *at*. */
interface Edited {
  tab: string;
  panel: Panel;
  at: number | null;
}

function Report({ state, stored }: ReportProps) {
  const { t } = useTranslation();
  const scope = useScope();
  const article = useRef<HTMLElement>(null);
  const [editText, setEditText] = useUrl("edit");
  const [readText] = useUrl("read");
  const [edited, setEdited] = useState<Edited | null>(null);
  const { board, changeDocument } = state;
  const { document } = board;
  const isReader = readText === "1";
  const isEditing = editText === "1" && !isReader;
  const { id } = stored.summary;
  const threads = useThreads(id, !isReader).data;
  const write = (tab: string, at: number) =>
    setEdited({ tab, at, panel: newPanel(document, "text") });
  return (
    <div className="board-page report-page">
      {!isReader && (
        <header className="board-bar">
          <Link href={`/p/${encodeURIComponent(scope.project)}/dashboards`} className="board-back">
            <Icon name="back" />
            {t("page.dashboards")}
          </Link>
          <SaveState state={state} stored={stored} />
          <span className="bar-space" />
          {/* What is taken out is the report, and not the means to change it. */}
          {!isEditing && <Takeaway article={article} state={state} stored={stored} />}
          <Button
            variant={isEditing ? "contained" : "outlined"}
            onClick={() => setEditText(isEditing ? null : "1")}
          >
            {isEditing ? t("board.done") : t("board.edit")}
          </Button>
          <BoardMenu state={state} stored={stored} />
        </header>
      )}
      {scope.error ? (
        <Failure error={scope.error} onRetry={scope.retry} />
      ) : (
        <article ref={article} className="report">
          <header>
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
            <Origin board={state} />
          </header>
          {document.tabs.map((tab) => (
            <Part
              key={tab.id}
              tab={tab}
              isEditing={isEditing}
              hasTitle={document.tabs.length > 1 || tab.title !== ""}
              state={state}
              onWrite={(at) => write(tab.id, at)}
              onEdit={(panel) => setEdited({ tab: tab.id, panel, at: null })}
              commentsOf={(block, title) =>
                // A block that is not saved yet is not known to anybody else.
                threads &&
                isSaved(stored, block) && (
                  <Thread report={id} block={block} title={title} thread={threads.get(block)} />
                )
              }
            />
          ))}
        </article>
      )}
      {edited && (
        <PanelDialog
          panel={edited.panel}
          isNew={edited.at !== null}
          onClose={() => setEdited(null)}
          onSave={(panel) => {
            changeDocument(
              edited.at === null
                ? withPanelChanged(document, panel)
                : withPanelAt(document, edited.tab, panel, edited.at),
            );
            setEdited(null);
          }}
        />
      )}
    </div>
  );
}

/** Tell whether the newest stored version of a report has a block. */
function isSaved({ document }: Dashboard, block: string): boolean {
  return document.tabs.some((tab) => tab.panels.some((panel) => panel.id === block));
}

/** When it was frozen, from what, and which of its runs are gone since. */
function Origin({ board: { board } }: { board: BoardState }) {
  const { t, i18n } = useTranslation();
  const { project, total, isPending } = useScope();
  const { frozen } = board.document;
  if (frozen === null) return null;
  const gone = frozen.runs.length - total;
  const from = t("board.frozen", {
    project,
    when: new Date(frozen.at_ns / 1e6).toLocaleString(i18n.language, {
      dateStyle: "medium",
      timeStyle: "short",
    }),
    version: frozen.version,
    count: frozen.runs.length,
  });
  return (
    <p className="muted">
      {from} {!isPending && gone > 0 && <b className="warn">{t("board.gone", { count: gone })}</b>}
    </p>
  );
}

interface PartProps {
  tab: DashboardTab;
  isEditing: boolean;
  hasTitle: boolean;
  state: BoardState;
  onWrite: (at: number) => void;
  onEdit: (panel: Panel) => void;
  commentsOf: (block: string, title: string) => React.ReactNode;
}

/** A tab of the dashboard as a chapter: its panels side by side where they were. */
function Part(props: PartProps) {
  const { tab, isEditing, hasTitle, state, onWrite, onEdit, commentsOf } = props;
  const { t } = useTranslation();
  const panels = inOrder(tab.panels);
  const { document } = state.board;
  const number = document.tabs.indexOf(tab) + 1;
  const title = tab.title || t("board.tab", { number });
  const writeHere = (at: number) =>
    isEditing && (
      <button type="button" className="chip report-write" data-live onClick={() => onWrite(at)}>
        <Icon name="plus" /> {t("board.write_here")}
      </button>
    );
  return (
    <section className="report-part" aria-label={hasTitle ? title : undefined}>
      {isEditing ? (
        <input
          className="board-name"
          aria-label={t("board.tab_title")}
          placeholder={title}
          value={tab.title}
          maxLength={200}
          onChange={(change) =>
            state.changeDocument(
              withTabTitle(document, tab.id, change.target.value),
              `tab ${tab.id}`,
            )
          }
        />
      ) : (
        hasTitle && <h2>{title}</h2>
      )}
      <div className="report-flow">
        {panels.map((panel, at) => (
          <Item
            key={panel.id}
            panel={panel}
            before={writeHere(at)}
            commentsOf={commentsOf}
            tools={
              isEditing && (
                <ItemTools
                  panel={panel}
                  onEdit={() => onEdit(panel)}
                  onMove={(by) =>
                    state.changeDocument(withPanelMoved(document, tab.id, panel.id, by))
                  }
                  onRemove={() => state.changeDocument(withoutPanel(document, panel.id))}
                />
              )
            }
          />
        ))}
        {writeHere(panels.length)}
      </div>
    </section>
  );
}

interface ItemProps {
  panel: Panel;
  before: React.ReactNode;
  tools: React.ReactNode;
  commentsOf: (block: string, title: string) => React.ReactNode;
}

function Item({ panel, before, tools, commentsOf }: ItemProps) {
  const titleOf = useTitleOf();
  const title = titleOf(panel);
  // A chart has its title in the picture, and a text is its own.
  const hasHead = panel.type !== "lines" && (panel.type !== "text" || panel.title !== "");
  return (
    <>
      {before}
      <section
        className={`report-item is-${panel.type}`}
        aria-label={title}
        style={{ gridColumn: `span ${isWide(panel) ? COLUMNS : panel.width}` }}
      >
        {tools}
        {hasHead && <h3>{title}</h3>}
        <Boundary>
          <PanelBody
            panel={panel}
            height={pixelsOf(panel.height)}
            window={null}
            onWindow={() => undefined}
            onChange={() => undefined}
            isStatic
          />
        </Boundary>
        {commentsOf(panel.id, title)}
      </section>
    </>
  );
}

const WIDE: readonly Panel["type"][] = ["table", "parallel", "compare", "devices", "checkpoints"];

/** What would be cut off on paper where it is narrow. */
function isWide({ type }: Panel): boolean {
  return WIDE.some((one) => one === type);
}

interface ItemToolsProps {
  panel: Panel;
  onEdit: () => void;
  onMove: (by: number) => void;
  onRemove: () => void;
}

function ItemTools({ panel, onEdit, onMove, onRemove }: ItemToolsProps) {
  const { t } = useTranslation();
  const titleOf = useTitleOf();
  const title = titleOf(panel);
  return (
    <div className="report-tools" data-live>
      <Tool icon="edit" label={t("board.edit_panel", { title })} onClick={onEdit} />
      <Tool icon="back" label={t("board.earlier", { title })} onClick={() => onMove(-1)} />
      <Tool icon="right" label={t("board.later", { title })} onClick={() => onMove(1)} />
      <Tool icon="trash" label={t("board.remove_panel", { title })} onClick={onRemove} />
    </div>
  );
}

import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Boundary } from "../shell/Boundary";
import { Icon } from "../shell/Icon";
import { Tool } from "../shell/Tool";
import type { Panel } from "./document";
import {
  inOrder,
  movedTo,
  pixelsOf,
  pushed,
  resizedTo,
  stepsOf,
  stepsOfKey,
  type Cell,
} from "./grid";
import { PanelBody } from "./PanelBody";
import { ownWindow, type AxisWindow } from "./panels/LinesBody";
import { useTitleOf } from "./titles";

/** The strip with a panel's handles while the dashboard is being changed. */
const STRIP_PX = 30;
const HEAD_PX = 32;
const BORDER_PX = 2;
/** So near to the edge of the page a drag scrolls it. */
const EDGE_PX = 40;
const SCROLL_PX = 16;

interface BoardGridProps {
  panels: readonly Panel[];
  isEditing: boolean;
  window: AxisWindow | null;
  onWindow: (window: AxisWindow | null) => void;
  /** Panels at other places, or of other sizes. */
  onArrange: (panels: Panel[]) => void;
  onChange: (panel: Panel) => void;
  onEdit: (panel: Panel) => void;
  onCopy: (panel: Panel) => void;
  onRemove: (panel: Panel) => void;
}

type Handle = "move" | "size";

/** Where a drag began, and the panels as they lie while it goes on. */
interface Drag {
  id: string;
  handle: Handle;
  pointer: number;
  from: readonly [x: number, y: number];
  panels: Panel[];
}

/** Panels on their grid; each is moved and resized by pointer or by arrow keys. */
export function BoardGrid(props: BoardGridProps) {
  const { panels, isEditing, onArrange } = props;
  const { t } = useTranslation();
  const titleOf = useTitleOf();
  const grid = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<Drag | null>(null);
  const [said, setSaid] = useState("");
  const shown = drag?.panels ?? panels;
  const places = new Map(shown.map((panel) => [panel.id, panel]));

  const say = (arranged: readonly Panel[], id: string) => {
    const panel = arranged.find((one) => one.id === id)!;
    const { x, y, width, height } = panel;
    const place = { title: titleOf(panel), column: x + 1, line: y + 1, width, height };
    setSaid(t("board.placed", place));
  };
  const drop = (arranged: Panel[], id: string) => {
    onArrange(arranged);
    say(arranged, id);
  };
  const begin = (event: React.PointerEvent<HTMLElement>, panel: Panel, handle: Handle) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const from = placeOn(grid.current!, event);
    setDrag({ id: panel.id, handle, pointer: event.pointerId, from, panels: [...panels] });
  };
  const follow = (event: React.PointerEvent<HTMLElement>) => {
    if (drag?.pointer !== event.pointerId) return;
    scrollAtEdge(grid.current!, event.clientY);
    const [x, y] = placeOn(grid.current!, event);
    const way = { dx: x - drag.from[0], dy: y - drag.from[1] };
    const by = stepsOf(way, grid.current!.clientWidth);
    const next = arranged(panels, drag.id, drag.handle, by);
    setDrag({ ...drag, panels: next });
  };
  const end = (event: React.PointerEvent<HTMLElement>, isKept: boolean) => {
    if (drag?.pointer !== event.pointerId) return;
    setDrag(null);
    if (isKept && drag.panels.some((panel, at) => panel !== panels[at])) drop(drag.panels, drag.id);
  };
  const onKey = (event: React.KeyboardEvent, panel: Panel, handle: Handle) => {
    if (event.key === "Escape" && drag) return setDrag(null);
    const by = stepsOfKey(event.key);
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation(); // the page has arrow keys of its own
    drop(
      handle === "move"
        ? pushed(panels, panel.id, by)
        : resizedTo(panels, panel.id, panel.width + by[0], panel.height + by[1]),
      panel.id,
    );
  };
  const handleOf = (panel: Panel, handle: Handle, children: React.ReactNode) => (
    <button
      type="button"
      className={`panel-${handle}`}
      aria-label={t(`board.${handle}`, { title: titleOf(panel) })}
      title={t(`board.${handle}_hint`)}
      onPointerDown={(event) => begin(event, panel, handle)}
      onPointerMove={follow}
      onPointerUp={(event) => end(event, true)}
      onPointerCancel={(event) => end(event, false)}
      onKeyDown={(event) => onKey(event, panel, handle)}
    >
      {children}
    </button>
  );

  return (
    <>
      <div ref={grid} className="board-grid" data-editing={isEditing} data-dragging={drag !== null}>
        {/* In the order in which they lie when nothing is dragged, so that a drag keeps its pointer. */}
        {inOrder(panels).map((panel) => {
          const { x, y, width, height } = places.get(panel.id)!;
          const pixels = pixelsOf(height) - BORDER_PX;
          const hasHead = panel.type !== "lines" && (panel.type !== "text" || panel.title !== "");
          const inner = pixels - (isEditing ? STRIP_PX : 0);
          return (
            <section
              key={panel.id}
              className={`board-panel is-${panel.type}`}
              aria-label={titleOf(panel)}
              data-dragged={drag?.id === panel.id}
              style={{
                gridColumn: `${x + 1} / span ${width}`,
                gridRow: `${y + 1} / span ${height}`,
                ["--panel-height" as string]: `${pixelsOf(height)}px`,
              }}
            >
              {isEditing && (
                <header className="panel-strip">
                  {handleOf(
                    panel,
                    "move",
                    <>
                      <Icon name="grip" />
                      <span>{titleOf(panel)}</span>
                    </>,
                  )}
                  <Tool
                    icon="edit"
                    label={t("board.edit_panel", { title: titleOf(panel) })}
                    onClick={() => props.onEdit(panel)}
                  />
                  <Tool
                    icon="copy"
                    label={t("board.copy_panel", { title: titleOf(panel) })}
                    onClick={() => props.onCopy(panel)}
                  />
                  <Tool
                    icon="trash"
                    label={t("board.remove_panel", { title: titleOf(panel) })}
                    onClick={() => props.onRemove(panel)}
                  />
                </header>
              )}
              <OwnMark panel={panel} />
              {hasHead && !isEditing && <h3 className="panel-head">{titleOf(panel)}</h3>}
              <div className="panel-body" tabIndex={panel.type === "lines" ? undefined : 0}>
                <Boundary>
                  <PanelBody
                    panel={panel}
                    height={inner - (hasHead && !isEditing ? HEAD_PX : 0)}
                    window={props.window}
                    onWindow={props.onWindow}
                    onChange={props.onChange}
                  />
                </Boundary>
              </div>
              {isEditing && handleOf(panel, "size", null)}
            </section>
          );
        })}
      </div>
      <p className="only-said" role="status">
        {said}
      </p>
    </>
  );
}

/** A dot on a panel that shows less than the dashboard's runs, or less than all of an axis. */
function OwnMark({ panel }: { panel: Panel }) {
  const { t } = useTranslation();
  const filter = panel.filter.trim();
  const isCut = panel.type === "lines" && ownWindow(panel) !== null;
  if (filter === "" && !isCut) return null;
  const said = [filter && t("board.own_filter", { filter }), isCut && t("board.own_window")];
  const text = said.filter(Boolean).join(" ");
  return <span className="panel-own" role="img" aria-label={text} title={text} />;
}

function arranged(
  panels: readonly Panel[],
  id: string,
  handle: Handle,
  [columns, lines]: readonly [columns: number, lines: number],
): Panel[] {
  const { x, y, width, height }: Cell = panels.find((one) => one.id === id)!;
  return handle === "move"
    ? movedTo(panels, id, x + columns, y + lines)
    : resizedTo(panels, id, width + columns, height + lines);
}

/** Return where on the grid a pointer is, wherever the page has been scrolled to meanwhile. */
function placeOn(grid: HTMLElement, { clientX, clientY }: React.PointerEvent): [number, number] {
  const { left, top } = grid.getBoundingClientRect();
  return [clientX - left, clientY - top];
}

function scrollAtEdge(grid: HTMLElement, y: number): void {
  const page = grid.closest("main");
  if (!page) return;
  const { top, bottom } = page.getBoundingClientRect();
  if (y > bottom - EDGE_PX) page.scrollBy(0, SCROLL_PX);
  else if (y < top + EDGE_PX) page.scrollBy(0, -SCROLL_PX);
}

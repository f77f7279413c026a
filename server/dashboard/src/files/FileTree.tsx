import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";

import { formatBytes } from "../api/number";
import { Icon } from "../shell/Icon";
import type { Line, Node } from "./tree";

const LINE_PX = 28;
const INDENT_PX = 16;
const MARK_PX = 22; // of the arrow that leaves do not have
const OVERSCAN = 20;

interface FileTreeProps {
  lines: readonly Line[];
  chosen: string;
  isOpen: (node: Node) => boolean;
  onChoose: (node: Node) => void;
  onOpen: (node: Node, isOpen: boolean) => void;
}

/** The tree: arrows walk through it, as in every other one; drawn as far as it is in sight. */
export function FileTree({ lines, chosen, isOpen, onChoose, onOpen }: FileTreeProps) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PX,
    overscan: OVERSCAN,
  });
  const at = lines.findIndex(({ node }) => node.key === chosen);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);
  const items = virtual.getVirtualItems();
  const drawn = new Set(items.map(({ index }) => index));

  const go = (index: number) => {
    const line = lines[Math.max(0, Math.min(lines.length - 1, index))];
    if (line) onChoose(line.node);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const line = lines[at];
    const node = line?.node;
    if (event.key === "ArrowDown") go(at + 1);
    else if (event.key === "ArrowUp") go(at < 0 ? 0 : at - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(lines.length - 1);
    else if (event.key === "ArrowRight" && node?.children)
      if (isOpen(node)) go(at + 1);
      else onOpen(node, true);
    else if (event.key === "ArrowLeft" && node)
      if (node.children && isOpen(node)) onOpen(node, false);
      else go(lines.findIndex((each) => each.node.key === line.parent));
    else if ((event.key === "Enter" || event.key === " ") && node?.children)
      onOpen(node, !isOpen(node));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div
      ref={scroller}
      className="file-tree"
      role="tree"
      aria-label={t("files.tree")}
      tabIndex={0}
      onKeyDown={onKey}
      {...(drawn.has(at) ? { "aria-activedescendant": `file-line-${at}` } : {})}
    >
      <div role="none" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map(({ index, start }) => {
          const { node, level, position, size } = lines[index]!;
          const isFolder = node.children !== null;
          return (
            <div
              key={node.key}
              id={`file-line-${index}`}
              role="treeitem"
              aria-level={level}
              aria-posinset={position}
              aria-setsize={size}
              aria-selected={index === at}
              {...(isFolder ? { "aria-expanded": isOpen(node) } : {})}
              className={`file-line ${level === 1 ? "is-group" : ""}`}
              style={{
                top: start,
                height: LINE_PX,
                paddingLeft: 8 + (level - 1) * INDENT_PX + (isFolder ? 0 : MARK_PX),
              }}
              onClick={() => {
                onChoose(node);
                if (isFolder) onOpen(node, !isOpen(node));
              }}
            >
              {isFolder && <Icon name={isOpen(node) ? "down" : "right"} />}
              {isFolder && level > 1 && <Icon name="folder" />}
              <bdi className="file-label">{node.label}</bdi>
              {node.item?.type === "file" && node.item.versions.length > 1 && (
                <span className="muted">
                  {t("files.versions", { count: node.item.versions.length })}
                </span>
              )}
              <span className="file-size">
                {node.bytes === null ? "" : formatBytes(node.bytes)}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

import { useQueries } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { useTranslation } from "react-i18next";

import { fetchTableRows } from "../api/client";
import type { MediaItem, MediaRows } from "../api/types";
import { Failure } from "../shell/Failure";

const ROW_PX = 26;
const PAGE_ROWS = 200;

/** A table of any length: the rows in sight are fetched and drawn, no others. */
export function TableItem({ run, item, name }: { run: string; item: MediaItem; name: string }) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: item.height,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
  });
  const rows = virtual.getVirtualItems();
  const [first, last] = [rows[0]?.index ?? 0, rows.at(-1)?.index ?? 0];
  const pages: number[] = [];
  for (let page = Math.floor(first / PAGE_ROWS); page * PAGE_ROWS <= last; page += 1)
    pages.push(page);
  const queries = useQueries({
    queries: pages.map((page) => ({
      queryKey: ["media-rows", run, item.file.sha256, page],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        fetchTableRows(run, item.file.sha256, page * PAGE_ROWS, PAGE_ROWS, signal),
      staleTime: Infinity,
    })),
  });
  const failed = queries.find((query) => query.isError);
  const found = queries.flatMap((query) => (query.data ? [query.data] : []));
  const columns = found[0]?.columns ?? [];
  const sample = found[0]?.rows[0] ?? [];
  const template = { gridTemplateColumns: `repeat(${item.width}, minmax(96px, 1fr))` };
  return (
    <>
      {failed && <Failure error={failed.error!} onRetry={() => void failed.refetch()} />}
      <div
        ref={scroller}
        className="media-table"
        role="table"
        aria-label={item.caption || name}
        aria-rowcount={item.height + 1}
        tabIndex={0}
        style={{ height: Math.min(12, item.height) * ROW_PX + 34 }}
      >
        <div role="row" className="media-table-head" style={template}>
          {columns.map((column, index) => (
            <span
              key={index}
              role="columnheader"
              title={column}
              data-number={typeof sample[index] === "number"}
            >
              {column}
            </span>
          ))}
        </div>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {rows.map((row) => (
            <div
              key={row.key}
              role="row"
              aria-rowindex={row.index + 2}
              className="media-table-row"
              style={{ ...template, transform: `translateY(${row.start}px)`, height: ROW_PX }}
            >
              {rowOf(found, row.index)?.map((cell, index) => (
                <span key={index} role="cell" data-number={typeof cell === "number"}>
                  {textOf(cell)}
                </span>
              ))}
            </div>
          ))}
        </div>
      </div>
      <span className="muted">
        {t("media.table", { rows: item.height.toLocaleString("en-US"), columns: item.width })}
      </span>
    </>
  );
}

type Cell = MediaRows["rows"][number][number];

function rowOf(pages: readonly MediaRows[], index: number): Cell[] | undefined {
  const page = pages.find(({ first, rows }) => index >= first && index < first + rows.length);
  return page?.rows[index - page.first];
}

function textOf(cell: Cell): string {
  return cell === null ? "–" : String(cell);
}

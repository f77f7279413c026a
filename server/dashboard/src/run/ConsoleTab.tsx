import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { ConsoleLine } from "../api/types";
import { parseAnsi } from "./ansi";
import type { ConsoleLines } from "./useConsole";

const LINE_PX = 18;

/** What the run printed. Follows the end until someone scrolls up. */
export function ConsoleTab({ lines }: { lines: ConsoleLines }) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const [isFollowing, setFollowing] = useState(true);
  const total = lines.total ?? 0;
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PX,
    overscan: 30,
  });
  const rows = virtual.getVirtualItems();
  const [first, last] = [rows[0]?.index ?? 0, rows.at(-1)?.index ?? 0];
  const { want } = lines;
  useEffect(() => {
    if (total > 0) want(first, last);
  }, [first, last, total, want]);
  useEffect(() => {
    if (isFollowing && total > 0) virtual.scrollToIndex(total - 1, { align: "end" });
  }, [isFollowing, total, virtual]);

  return (
    <div className="console-panel">
      <div className="toolbar">
        <label>
          <input
            type="checkbox"
            checked={isFollowing}
            onChange={(change) => setFollowing(change.target.checked)}
          />
          {t("console.follow")}
        </label>
        <span className="muted">{t("console.lines", { count: total })}</span>
      </div>
      <div
        ref={scroller}
        className="console"
        role="log"
        aria-live="off"
        aria-label={t("console.label")}
        tabIndex={0}
        onWheel={(wheel) => wheel.deltaY < 0 && setFollowing(false)}
        onKeyDown={(event) =>
          ["ArrowUp", "PageUp", "Home"].includes(event.key) && setFollowing(false)
        }
        onTouchMove={() => setFollowing(false)}
      >
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {rows.map((row) => (
            <div
              key={row.key}
              className="console-line"
              style={{ transform: `translateY(${row.start}px)`, height: LINE_PX }}
            >
              <Line number={row.index} line={lines.line(row.index)} />
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

function Line({ number, line }: { number: number; line: ConsoleLine | undefined }) {
  const { t } = useTranslation();
  if (!line) return <span className="console-number">{number + 1}</span>;
  const time = new Date(line.time_ns / 1e6).toLocaleTimeString(undefined, { hour12: false });
  return (
    <>
      <span className="console-number">{number + 1}</span>
      <span className="console-time">{time}</span>
      {line.channel === "stderr" && <span className="console-stderr">{t("console.stderr")}</span>}
      {line.rank > 0 && <span className="console-rank">{line.rank}</span>}
      <span className={line.partial ? "console-partial" : ""}>
        {parseAnsi(line.text).map((span, index) => (
          <span key={index} className={span.className}>
            {span.text}
          </span>
        ))}
      </span>
    </>
  );
}

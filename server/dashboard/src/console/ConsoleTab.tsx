import {
  useCallback,
  useContext,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type CSSProperties,
  type MouseEvent,
} from "react";
import { useTranslation } from "react-i18next";

import { consoleTextUrl, fetchConsolePlace } from "../api/client";
import type { ConsoleLine, Run } from "../api/types";
import { cursor } from "../charts/cursor";
import { Completion, usePins } from "../charts/usePins";
import { Icon } from "../shell/Icon";
import "../styles/console.css";
import { useHeadline } from "../list/useHeadline";
import { headlines } from "../series/metrics";
import { Line } from "./Line";
import { MatchMap } from "./MatchMap";
import { indexOf } from "./matches";
import { RunStrip } from "./RunStrip";
import { contentHeight, rowsOf, scrollTopOf } from "./scrolling";
import { SearchBar, useAsked, type Asked } from "./SearchBar";
import type { ConsoleLines } from "./useConsole";
import { isSearch, useSearch } from "./useSearch";

const HERE = "console";
const OVERSCAN = 20;
/** Nobody reads lines that fly by. */
const SETTLE_MS = 40;
const SECOND_NS = 1e9;

/** What the run printed, as a page of its own. */
export function ConsoleTab({ run, lines }: { run: Run; lines: ConsoleLines }) {
  return <ConsoleView run={run} lines={lines} asked={useAsked()} isPage />;
}

interface ConsoleViewProps {
  run: Run;
  lines: ConsoleLines;
  asked: Asked;
  /** It has the page's keys, and the strip of the run above it. */
  isPage?: boolean;
}

/** What the run printed. Follows the end until someone scrolls up. */
export function ConsoleView({ run, lines, asked, isPage = false }: ConsoleViewProps) {
  const own = useHeadline(run.summary.project);
  const { t } = useTranslation();
  const total = lines.total ?? 0;
  const { id, started_ns } = run.summary;
  const search = useSearch(id, asked, total);
  const [current, setCurrent] = useState<number | null>(null);
  // Of a search the lines that hold a match, or all lines with these marked.
  const { numbers } = search;
  const isPart = isSearch(asked) && (asked.isOnly || asked.kind !== null || asked.rank !== null);
  const count = isPart ? numbers.length : total;
  const scroll = useScroll(count);
  const { scroller } = scroll;
  const rows = scroll.rows.map(({ number: index, top }) => ({
    number: isPart ? numbers[index]! : index,
    top,
  }));
  const { goTo: goToIndex } = scroll;
  const goTo = useCallback(
    (number: number) => goToIndex(isPart ? indexOf(numbers, number) : number),
    [goToIndex, isPart, numbers],
  );
  const pinned = usePinnedLine(id, goTo);
  const ranks = useMemo(() => ranksOf(run), [run]);
  const complete = useContext(Completion);
  const stepOf = (line: ConsoleLine | undefined) =>
    line && complete({ time: line.time_ns / SECOND_NS }).step;

  const { want, wantThese } = lines;
  const [first, last] = [rows[0]?.number ?? 0, rows.at(-1)?.number ?? -1];
  const scattered = isPart ? rows.map(({ number }) => number).join() : "";
  useEffect(() => {
    const timer = setTimeout(() => {
      if (scattered) wantThese(scattered.split(",").map(Number));
      else if (last >= first) want(first, last);
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [first, last, scattered, want, wantThese, total]);

  const show = (number: number) => {
    setCurrent(number);
    goTo(number);
  };
  const lineOf = (event: MouseEvent) => {
    const element = (event.target as HTMLElement).closest<HTMLElement>("[data-number]");
    return element ? lines.line(Number(element.dataset["number"])) : undefined;
  };
  const seen = rows.map(({ number }) => lines.line(number)?.time_ns).filter((time) => !!time);
  const shown = useMemo(
    () =>
      seen.length === 0
        ? null
        : ([seen[0]!, seen.at(-1)!].map((time) => (time! - started_ns) / SECOND_NS) as [
            number,
            number,
          ]),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [seen[0], seen.at(-1), started_ns],
  );

  return (
    <div className="console-panel">
      <div className="toolbar">
        <SearchBar
          asked={asked}
          search={search}
          total={total}
          current={current}
          top={rows[Math.min(OVERSCAN, rows.length - 1)]?.number ?? 0}
          ranks={ranks}
          onShow={show}
          hasKeys={isPage}
        />
        <label>
          <input
            type="checkbox"
            checked={scroll.isFollowing}
            onChange={(change) => scroll.setFollowing(change.target.checked)}
          />
          {t("console.follow")}
        </label>
        <span className="muted">
          {t("console.lines", { count: total, number: total.toLocaleString("en-US") })}
        </span>
        <a className="chip" href={consoleTextUrl(id)} download>
          <Icon name="download" /> {t("console.download")}
        </a>
      </div>
      {isPage && (
        <RunStrip run={run} metric={headlines([run.summary], 1, own)[0] ?? ""} shown={shown} />
      )}
      <div className="console-body">
        <div
          ref={scroller}
          className="console"
          style={{ "--digits": String(total).length } as CSSProperties}
          role="log"
          aria-live="off"
          aria-label={t("console.label")}
          tabIndex={0}
          onScroll={scroll.onScroll}
          onMouseMove={(move) => {
            const line = lineOf(move);
            if (line) cursor.hover({ time: line.time_ns / SECOND_NS }, HERE);
          }}
          onMouseLeave={() => cursor.leave(HERE)}
          onClick={(click) => {
            const line = lineOf(click);
            // Who has just chosen text to copy it means no line.
            if (line && getSelection()?.isCollapsed !== false) pinned.pin(line);
          }}
        >
          <div style={{ height: contentHeight(count), position: "relative" }}>
            {rows.map(({ number, top }) => {
              const line = lines.line(number);
              return (
                <div
                  key={number}
                  className="console-row"
                  style={{ transform: `translateY(${top}px)` }}
                >
                  <Line
                    number={number}
                    line={line}
                    step={stepOf(line)}
                    match={search.places.get(number)}
                    isCurrent={number === current && search.places.has(number)}
                    isPinned={number === pinned.number}
                  />
                </div>
              );
            })}
          </div>
        </div>
        {!isPart && numbers.length > 0 && (
          <MatchMap numbers={numbers} total={total} onShow={show} />
        )}
        {isPart && count === 0 && !search.isRunning && !search.problem && (
          <p className="console-none">{t("console.none")}</p>
        )}
      </div>
    </div>
  );
}

/** Where the console is scrolled to. At its end it stays there while lines are added. */
function useScroll(total: number) {
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 0 });
  const [isFollowing, setFollowing] = useState(true);
  const measure = useCallback(() => {
    const { scrollTop, clientHeight } = scroller.current!;
    setView({ top: scrollTop, height: clientHeight });
  }, []);
  const goTo = useCallback(
    (number: number) => {
      const element = scroller.current!;
      setFollowing(false);
      element.scrollTop = scrollTopOf(number, { total, height: element.clientHeight });
      measure();
    },
    [total, measure],
  );
  useLayoutEffect(() => {
    const observer = new ResizeObserver(measure);
    observer.observe(scroller.current!);
    return () => observer.disconnect();
  }, [measure]);
  useLayoutEffect(() => {
    if (isFollowing) scroller.current!.scrollTop = scroller.current!.scrollHeight;
    measure();
  }, [isFollowing, total, view.height, measure]);
  const onScroll = () => {
    const { scrollTop, clientHeight, scrollHeight } = scroller.current!;
    setFollowing(scrollTop + clientHeight >= scrollHeight - 2);
    measure();
  };
  const rows = rowsOf(view.top, { total, height: view.height }, OVERSCAN);
  return { scroller, rows, goTo, isFollowing, setFollowing, onScroll };
}

/** The line that was the last one where a cursor is pinned; a cursor pinned elsewhere goes to it. */
function usePinnedLine(id: string, goTo: (number: number) => void) {
  const { pins, places, put } = usePins();
  const [number, setNumber] = useState<number | null>(null);
  const own = useRef<number | null>(null); // the time that was pinned here
  const go = useRef(goTo);
  go.current = goTo;
  const time = places.at(-1)?.time;
  const isOwn = pins.at(-1)?.x === "time" && own.current === pins.at(-1)?.at;
  useEffect(() => {
    if (isOwn) return;
    if (time === undefined) return setNumber(null);
    const controller = new AbortController();
    // A microsecond more: numbers of JSON are not exact to the nanosecond.
    fetchConsolePlace(id, Math.round(time * SECOND_NS) + 1000, controller.signal).then(
      (place) => {
        setNumber(place.number);
        if (place.number !== null) go.current(place.number);
      },
      () => undefined, // the console stays where it is
    );
    return () => controller.abort();
  }, [id, time, isOwn]);
  const pin = (line: ConsoleLine) => {
    own.current = line.time_ns / SECOND_NS;
    setNumber(line.number);
    put({ x: "time", at: own.current });
  };
  return { number, pin };
}

/** Return the ranks of the processes that may have printed. */
function ranksOf(run: Run): number[] {
  return [...new Set(run.streams.map(({ rank }) => rank))].sort((a, b) => a - b);
}

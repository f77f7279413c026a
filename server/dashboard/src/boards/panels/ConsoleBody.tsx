import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState, type CSSProperties } from "react";
import { useTranslation } from "react-i18next";

import { fetchConsole, searchConsole, type ConsoleSearch } from "../../api/client";
import type { ConsoleLine, Run } from "../../api/types";
import { ConsoleView } from "../../console/ConsoleTab";
import { Line } from "../../console/Line";
import { NO_MATCHES, withPart, type Matches } from "../../console/matches";
import type { Asked } from "../../console/SearchBar";
import { useConsole } from "../../console/useConsole";
import { Clocked } from "../../run/Clocked";
import { Failure } from "../../shell/Failure";
import type { PanelOf } from "../document";
import { WithRun } from "./WithRun";
import "../../styles/console.css";

/** Lines of a report: paper has no end to scroll to. */
const STATIC_LINES = 60;
const PAGE_LINES = 500;

interface ConsoleProps {
  panel: PanelOf<"console">;
  isStatic: boolean;
}

/** What a run printed: live and to be searched, or as it stands in a report. */
export function ConsoleBody({ panel, isStatic }: ConsoleProps) {
  const { search: text, is_regex: isRegex, is_case: isCase } = panel;
  const asked: ConsoleSearch = { text, isRegex, isCase, kind: null, rank: null };
  return (
    <WithRun chosen={panel.run} what="console">
      {(run) =>
        isStatic ? (
          <StaticConsole run={run} asked={asked} />
        ) : (
          <Clocked run={run}>
            {/* A panel that searches for something else is another one. */}
            {() => (
              <LiveConsole
                key={`${run.summary.id} ${JSON.stringify(asked)}`}
                run={run}
                initial={asked}
              />
            )}
          </Clocked>
        )
      }
    </WithRun>
  );
}

function LiveConsole({ run, initial }: { run: Run; initial: ConsoleSearch }) {
  const lines = useConsole(run.summary.id);
  const [asked, setAsked] = useState({ ...initial, isOnly: false });
  const set: Asked["set"] = (change) => setAsked({ ...asked, ...change });
  return <ConsoleView run={run} lines={lines} asked={{ ...asked, set }} />;
}

/** The last lines, or the first ones in which the text is found; how many more there are is said. */
function StaticConsole({ run, asked }: { run: Run; asked: ConsoleSearch }) {
  const { t } = useTranslation();
  const { id, rev } = run.summary;
  const query = useQuery({
    queryKey: ["console-lines", id, rev, asked],
    queryFn: ({ signal }) => (asked.text === "" ? lastOf(id, signal) : foundIn(id, asked, signal)),
    placeholderData: keepPreviousData,
  });
  if (query.isError && !query.data)
    return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <p className="panel-hint">{t("loading")}</p>;
  const { lines, total, matches } = query.data;
  const shown = { shown: lines.length, total: total.toLocaleString("en-US"), text: asked.text };
  return (
    <>
      <p className="panel-run">{t(matches ? "board.console_found" : "board.console_end", shown)}</p>
      <div
        className="console is-static"
        style={{ "--digits": String(total).length } as CSSProperties}
      >
        {lines.map((line) => (
          <Line
            key={line.number}
            number={line.number}
            line={line}
            step={undefined}
            match={matches?.places.get(line.number)}
            isCurrent={false}
            isPinned={false}
          />
        ))}
      </div>
    </>
  );
}

interface Excerpt {
  lines: ConsoleLine[];
  /** Of the run; of a search, how many lines hold what was searched for, as far as it went. */
  total: number;
  matches: Matches | null;
}

async function lastOf(id: string, signal: AbortSignal): Promise<Excerpt> {
  const { lines, total } = await fetchConsole(id, null, STATIC_LINES, signal);
  return { lines, total, matches: null };
}

async function foundIn(id: string, asked: ConsoleSearch, signal: AbortSignal): Promise<Excerpt> {
  let matches: Matches = NO_MATCHES;
  while (!matches.isEnd)
    matches = withPart(matches, await searchConsole(id, asked, matches.next, signal));
  const wanted = matches.numbers.slice(0, STATIC_LINES);
  const lines: ConsoleLine[] = [];
  while (lines.length < wanted.length) {
    const first = wanted[lines.length]!;
    const page = await fetchConsole(id, first, PAGE_LINES, signal);
    const found = page.lines.filter(({ number }) => wanted.includes(number));
    if (found.length === 0) break; // thinned away meanwhile
    lines.push(...found);
  }
  return { lines, total: matches.numbers.length, matches };
}

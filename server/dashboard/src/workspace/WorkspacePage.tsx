import { usePrefetchQuery } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";

import { ApiError } from "../api/client";
import type { ParamValue, RunSummary } from "../api/types";
import { wallQuery } from "../charts/arrange/useArrangement";
import { highlight } from "../charts/highlight";
import { columnsFor, formatSorts, parseSorts, serverSort, sortRuns } from "../list/columns";
import { colourBy, dashBy } from "../list/colouring";
import { groupLabel, groupRuns, type Group, type Whole } from "../list/rows";
import { useHeadline } from "../list/useHeadline";
import { useColumns } from "../list/useColumns";
import { useRuns } from "../list/useRuns";
import { useStyles } from "../list/useStyles";
import { useWholes } from "../list/useWholes";
import { headlines } from "../series/metrics";
import { Failure } from "../shell/Failure";
import { useShortcuts } from "../shell/shortcuts";
import { useTitle } from "../shell/useTitle";
import { useUrl } from "../shell/useUrl";
import { styleOf, type LineStyle } from "../charts/colours";
import { tour } from "../tour/tour";
import { keyOf, type Choice } from "./drawn";
import { RunPane } from "./RunPane";
import { SplitPane } from "./SplitPane";
import { useChoice, useDrawn } from "./useDrawn";
import { joined, othersOf, useOthers } from "./useOthers";
import { useSelection } from "./useSelection";
import { Wall } from "./Wall";

// Fetched by the first who edits a run.
const EditDialog = lazy(() =>
  import("../list/EditDialog").then(({ EditDialog }) => ({ default: EditDialog })),
);

/** The runs of one project: the table that is legend, filter and selection, and all their charts. */
export function WorkspacePage({ project, isTable }: { project: string; isTable?: boolean }) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const [filter, setFilter] = useUrl("q");
  const [sortText, setSortText] = useUrl("s");
  const sorts = useMemo(() => parseSorts(sortText), [sortText]);
  const query = useRuns(project, filter, serverSort(sorts));
  usePrefetchQuery(wallQuery(project)); // beside the runs: no chart waits for it
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const choice = useChoice();
  const own = useHeadline(project);
  const headline = useMemo(() => headlines(query.runs, 1, own)[0] ?? null, [query.runs, own]);
  // Of a long list a part is loaded; what is drawn is chosen among all.
  const wanted = useMemo(
    () =>
      hasNextPage && !query.isError
        ? othersOf(choice, headline, filter, serverSort(sorts), query.runs, own)
        : [],
    [hasNextPage, query.isError, choice, headline, filter, sorts, query.runs, own],
  );
  const others = useOthers(project, wanted);
  const runs = useMemo(() => joined(query.runs, others), [query.runs, others]);
  const [groupText, setGroupText] = useUrl("g");
  const [colourField, setColourField] = useUrl("k");
  const [dashField, setDashField] = useUrl("ds");
  const [edited, setEdited] = useState<RunSummary | null>(null);
  useTitle(project);
  useEffect(() => () => highlight.set(null), []);

  const { proposed, varying, constants } = useMemo(() => columnsFor(runs, own), [runs, own]);
  const { layout, setLayout, columns, columnCalled } = useColumns(project, runs, proposed);
  // A column need not be shown to be sorted by.
  const sortColumns = useMemo(
    () => sorts.flatMap(({ column }) => columnCalled(column) ?? []),
    [sorts, columnCalled],
  );
  const shown = useMemo(() => sortRuns(runs, sorts, sortColumns), [runs, sorts, sortColumns]);
  const fields = useMemo(() => groupText.split(",").filter(Boolean), [groupText]);
  // All groups are drawn: a line costs the same whatever it is the mean of.
  const isGrouped = fields.length > 0;
  const wantedChoice = useMemo<Choice>(
    () => (isGrouped && choice.rule === "newest" ? { ...choice, rule: "all" } : choice),
    [isGrouped, choice],
  );
  const ownDraw = useDrawn(shown, wantedChoice, headline, own);
  const pinnedFirst = useMemo(() => {
    const isPinned = (id: string) => choice.pinned.has(keyOf(id));
    return [...shown].sort((a, b) => Number(isPinned(b.id)) - Number(isPinned(a.id)));
  }, [shown, choice.pinned]);
  const selection = useSelection(pinnedFirst);

  const wholes = useWholes(project, filter, fields, columns, hasNextPage);
  const groups = useMemo(() => {
    if (fields.length === 0) return null;
    return allGroups(groupRuns(pinnedFirst, fields, t("list.none")), wholes, (values) =>
      groupLabel(fields, values, t("list.none")),
    );
  }, [fields, pinnedFirst, wholes, t]);
  const draw = useMemo(
    () =>
      groups === null
        ? ownDraw
        : { ...ownDraw, drawn: withGroups(ownDraw.drawn, groups, ownDraw.choice) },
    [ownDraw, groups],
  );
  const ownStyles = useStyles(project, runs);
  const colouring = useMemo(
    () => (colourField ? colourBy(runs, colourField) : null),
    [runs, colourField],
  );
  const dashing = useMemo(() => (dashField ? dashBy(runs, dashField) : null), [runs, dashField]);
  const styles = useMemo(() => {
    const coloured = groups
      ? groupStyles(groups, colouring?.styles)
      : (colouring?.styles ?? ownStyles);
    return dashing ? dashed(coloured, groups, dashing.dashes) : coloured;
  }, [groups, colouring, ownStyles, dashing]);
  const legend = useMemo(
    () => [...(colouring?.legend ?? []), ...(dashing?.legend ?? [])],
    [colouring, dashing],
  );

  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const compare = () =>
    navigate(`/p/${encodeURIComponent(project)}/compare?r=${[...selection.selected].join(",")}`);
  useShortcuts({ c: () => selection.selected.size > 1 && compare() });

  const hasRuns = runs.length > 0;
  useEffect(() => {
    if (hasRuns && !isTable) tour.offer();
  }, [hasRuns, isTable]);

  const isRefused = query.error instanceof ApiError && query.error.status === 422;
  if (query.isError && runs.length === 0 && !isRefused)
    return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <div className="page-loading">{t("loading")}</div>;
  const pane = (
    <>
      <RunPane
        project={project}
        total={query.total}
        error={isRefused ? (query.error as ApiError) : null}
        unknown={query.unknown}
        known={query.known}
        onEdit={setEdited}
        isMore={hasNextPage}
        shown={pinnedFirst}
        columns={columns}
        layout={layout}
        onLayout={setLayout}
        varying={varying}
        constants={constants}
        filter={filter}
        onFilter={setFilter}
        sorts={sorts}
        onSort={(next) => setSortText(formatSorts(next))}
        fields={fields}
        groups={groups}
        onGroup={(next) => setGroupText(next.join(","))}
        colourField={colourField}
        onColour={setColourField}
        dashField={dashField}
        onDash={setDashField}
        legend={legend}
        styles={styles}
        draw={draw}
        headline={headline}
        own={own}
        hasSparks={isTable === true}
        selection={selection}
        onCompare={compare}
        onEnd={onEnd}
      />
      <Suspense fallback={null}>
        {edited && <EditDialog run={edited} onClose={() => setEdited(null)} />}
      </Suspense>
    </>
  );
  if (isTable) return <div className="table-page">{pane}</div>;
  return (
    <SplitPane
      leftName={t("workspace.runs")}
      rightName={t("workspace.charts")}
      left={pane}
      right={
        <Wall
          project={project}
          runs={shown}
          total={query.total}
          draw={draw}
          styles={styles}
          groups={groups}
          fields={fields}
          varying={varying}
        />
      }
    />
  );
}

/** Return the groups whose runs are loaded, then those of which the server alone knows. */
function allGroups(
  loaded: readonly Group[],
  wholes: ReadonlyMap<string, Whole> | null,
  labelOf: (values: readonly ParamValue[]) => string,
): Group[] {
  const known = new Set(loaded.map(({ id }) => id));
  const others = [...(wholes ?? [])].filter(([id]) => !known.has(id));
  return [
    ...loaded.map((group) => ({ ...group, whole: wholes?.get(group.id) })),
    ...others.map(([id, whole]) => ({ id, label: labelOf(whole.values), runs: [], whole })),
  ];
}

/** Return what is drawn, the groups among it: those any run of which is, or none of which is hidden. */
function withGroups(
  drawn: ReadonlySet<string>,
  groups: readonly Group[],
  choice: Choice,
): Set<string> {
  const isShown = (id: string) => !choice.hidden.has(keyOf(id));
  const isAll = choice.only === null && choice.rule === "all";
  const shown = groups.filter(
    ({ runs }) =>
      runs.some((run) => drawn.has(run.id)) || (isAll && runs.every((run) => isShown(run.id))),
  );
  return new Set([...drawn, ...shown.map(({ id }) => id)]);
}

/** Return the styles with these dashes; all runs of a group have that of its first run. */
function dashed(
  styles: ReadonlyMap<string, LineStyle>,
  groups: readonly Group[] | null,
  dashes: ReadonlyMap<string, readonly number[]>,
): ReadonlyMap<string, LineStyle> {
  const first = new Map(
    (groups ?? []).flatMap(({ id, runs }) =>
      [id, ...runs.map((run) => run.id)].map((each) => [each, runs[0]?.id ?? id] as const),
    ),
  );
  return new Map(
    [...styles].map(([id, { colour }]) => [
      id,
      { colour, dash: dashes.get(first.get(id) ?? id) ?? [] },
    ]),
  );
}

/** All runs of a group look alike: as its first run is coloured, or in the groups' own order. */
function groupStyles(
  groups: readonly Group[],
  coloured: ReadonlyMap<string, LineStyle> | undefined,
): ReadonlyMap<string, LineStyle> {
  return new Map(
    groups.flatMap((group, slot) => {
      const style = coloured?.get(group.runs[0]?.id ?? "") ?? styleOf(slot);
      return [group.id, ...group.runs.map((run) => run.id)].map((id) => [id, style] as const);
    }),
  );
}

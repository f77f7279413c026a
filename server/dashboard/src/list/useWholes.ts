import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { queryGroups } from "../api/client";
import type { RunGroups } from "../api/types";
import type { Column } from "./columns";
import { keyText } from "./filterText";
import { fieldKey, groupId, plainValue, type Average, type Field, type Whole } from "./rows";

/** The API's bounds on one question. */
const FIELDS_MAX = 8;
const COLUMNS_MAX = 50;
const GROUPS_MAX = 1000;
/** Runs that go on change what their group amounts to. */
const REFRESH_MS = 10_000;

/**
 * What the server says of all runs of each group, by the group's id. It is asked only where
 * *isNeeded*: while all runs are loaded the browser knows it.
 */
export function useWholes(
  project: string,
  q: string,
  fields: readonly Field[],
  columns: readonly Column[],
  isNeeded: boolean,
): ReadonlyMap<string, Whole> | null {
  const metrics = columns.filter((column) => column.kind === "metric").slice(0, COLUMNS_MAX);
  const by = fields.map(fieldKey).join(",");
  const of = metrics.map(columnKey).join(",");
  const isAsking = isNeeded && fields.length > 0 && fields.length <= FIELDS_MAX;
  const { data } = useQuery({
    queryKey: ["groups", project, q, by, of],
    queryFn: ({ signal }) => queryGroups({ project, q, by, of, limit: GROUPS_MAX }, signal),
    enabled: isAsking,
    placeholderData: keepPreviousData,
    staleTime: REFRESH_MS,
    refetchInterval: REFRESH_MS,
  });
  // What is asked for stands for the columns, which are rebuilt at every notice.
  return useMemo(
    () => (isAsking && data ? wholesOf(data, fields, metrics) : null),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [isAsking, data, by, of],
  );
}

/** Return what *answer* says of each group of runs that are equal in *fields*. */
export function wholesOf(
  answer: RunGroups,
  fields: readonly Field[],
  metrics: readonly Column[],
): ReadonlyMap<string, Whole> {
  return new Map(
    answer.groups.map((group) => {
      const values = group.values.map((value, at) => plainValue(value, fields[at]!));
      const averages = new Map<string, Average>();
      // In the order in which they were asked for; the server may write their names otherwise.
      const found = Object.values(group.aggregates);
      for (const [at, column] of metrics.entries()) {
        const { count = 0, mean, sd, min, max } = found[at] ?? {};
        if (mean == null || min == null || max == null) continue;
        averages.set(column.id, { count, mean, sd: sd ?? 0, low: min, high: max });
      }
      return [groupId(values), { values, count: group.runs, averages }];
    }),
  );
}

function columnKey({ name, statistic }: Column): string {
  return keyText("metrics", name) + (statistic === "last" ? "" : `.${statistic}`);
}

// Runs that are one line: their mean, and how far they lie apart.

import type { GroupShare } from "../api/columns";
import type { Means, MeanTrack } from "../api/means";
import type { ParamValue } from "../api/types";
import { fieldKey, groupId, groupLabel, plainValue, type Field } from "../list/rows";
import { styleOf, type LineStyle } from "./colours";
import type { Line } from "./model";

/** What the band around a mean is: the runs' extremes, standard deviation or standard error. */
export const SPREADS = ["range", "sd", "sem"] as const;
export type Spread = (typeof SPREADS)[number];

/** Runs that are drawn as one line. */
export interface ChartGroup {
  id: string; // stands where a run's id stands
  label: string;
  style: LineStyle;
  /** Those of its runs that the page knows. */
  runs: readonly string[];
}

/** Means that are drawn instead of the runs' own lines, each of all runs of its group. */
export interface Grouping {
  project: string;
  /** Which runs there are, as a filter. */
  filter: string;
  /** By what they are grouped; nothing: all are one group. */
  fields: readonly Field[];
  /** Those that are drawn; null: all, in the answer's order. */
  groups: readonly ChartGroup[] | null;
  /** Where a chart is one of several: which field they differ by, and which values this one has. */
  facet?: { field: Field; id: string } | undefined;
}

/** Return by what the server is to group: charts beside each other are one question. */
export function groupedBy({ fields, facet }: Grouping): Field[] {
  return facet && !fields.includes(facet.field) ? [...fields, facet.field] : [...fields];
}

/** Return the same as the API writes it. */
export function keysOf(grouping: Grouping): string {
  return groupedBy(grouping).map(fieldKey).join(",");
}

/** Return the lines of the groups that a chart draws. */
export function meanLines(
  means: Pick<Means, "groups" | "tracks">,
  grouping: Grouping,
  spread: Spread,
  said: (share: GroupShare) => string,
): Line[] {
  const { fields, facet } = grouping;
  const by = groupedBy(grouping);
  const byId = grouping.groups && new Map(grouping.groups.map((group) => [group.id, group]));
  return means.tracks.flatMap((track) => {
    const given = means.groups[Number(track.run)]!.values;
    const values = given.map((value, at): ParamValue => plainValue(value, by[at]!));
    if (facet && groupId([values[by.indexOf(facet.field)]!]) !== facet.id) return [];
    const own = values.slice(0, fields.length);
    const group = byId ? byId.get(groupId(own)) : anyGroup(Number(track.run), fields, own);
    if (!group || track.x.length === 0) return [];
    const { label, style, runs } = group;
    const drawn = { ...banded(track, spread), run: group.id };
    const note = said(track.group);
    // All runs as one group have nothing else to be called by.
    const named = label ? { label, note } : { label: note };
    return [{ track: drawn, ...named, style, members: runs }];
  });
}

/** Return a group that the page knows nothing else of. */
function anyGroup(at: number, fields: readonly Field[], values: readonly ParamValue[]): ChartGroup {
  const label = groupLabel(fields, values, "null");
  return { id: groupId(values), label, style: styleOf(at), runs: [] };
}

/** Return the standard error of a mean. */
export function errorOf({ sd, counted }: GroupShare): Float64Array {
  return sd.map((deviation, index) => deviation / Math.sqrt(counted[index]!));
}

/** Return a track with the band that *spread* says; where one run counts there is none to see. */
export function banded(track: MeanTrack, spread: Spread): MeanTrack {
  if (spread === "range") return track;
  const { mean, group } = track;
  const apart = (spread === "sd" ? group.sd : errorOf(group)).map((by) =>
    Number.isNaN(by) ? 0 : by,
  );
  return {
    ...track,
    min: mean.map((value, index) => value - apart[index]!),
    max: mean.map((value, index) => value + apart[index]!),
  };
}

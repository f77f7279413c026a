// What happened on the way of runs, at the foot of their charts: where it stands, and what is told.

import i18next from "i18next";

import type { Moment, MomentList } from "../../api/types";
import { isolated } from "../../i18n";
import { formatX, type ChartX } from "../axis";
import type { Place } from "../cursor";
import type { ChartRun } from "../lines";

/** The graver first: of several at one place it stands for all. */
const KINDS = ["alert", "restart", "annotation", "checkpoint"] as const;

const GLYPHS: Readonly<Record<Moment["kind"], string>> = {
  alert: "⚠",
  restart: "↻",
  annotation: "✎",
  checkpoint: "◆",
};

export interface FootMark {
  /** Of what it is about: a checkpoint's own. */
  id: string;
  key: string;
  kind: Moment["kind"];
  level: Moment["level"];
  run: string;
  /** Where it is on each axis on which that is known. */
  place: Place;
  colour: string;
  label: string;
  href: string;
}

/** Marks that stand too close to be told apart. */
export interface FootGroup {
  key: string;
  /** Pixels from the left border of the chart. */
  left: number;
  /** The gravest of the marks, which it looks like. */
  first: FootMark;
  marks: readonly FootMark[];
}

/** Return where a moment is read on. */
function addressOf({ run, kind, id }: Moment): string {
  return kind === "checkpoint" ? `/r/${run}/checkpoints?c=${id}` : `/r/${run}/overview`;
}

/**
 * Return the marks of *runs*, in the order of time. *complete* says of a place on one axis where it
 * is on others.
 */
export function footOf(
  list: MomentList,
  runs: readonly ChartRun[],
  complete: (place: Place) => Place,
): FootMark[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  return list.moments.flatMap((moment) => {
    const run = byId.get(moment.run);
    const startedNs = list.started_ns[moment.run];
    if (!run || startedNs === undefined) return [];
    const { time_ns: timeNs, step } = moment;
    const place = complete({
      ...(timeNs === null ? {} : { time: timeNs / 1e9, relative: (timeNs - startedNs) / 1e9 }),
      ...(step === null ? {} : { step }),
    });
    return [
      {
        id: moment.id,
        key: `${moment.run} ${moment.id}`,
        kind: moment.kind,
        level: moment.level,
        run: moment.run,
        place,
        colour: run.style.colour,
        label: [runs.length > 1 ? run.label : "", wordsOf(moment), stepOf(moment)]
          .filter(Boolean)
          .join(" · "),
        href: addressOf(moment),
      },
    ];
  });
}

function wordsOf({ kind, text, attempt, author }: Moment): string {
  const { t } = i18next;
  switch (kind) {
    case "alert":
      return text;
    case "annotation":
      return author ? `${text} (${isolated(author)})` : text;
    case "restart":
      return t("foot.restart", { attempt: attempt ?? 0 });
    case "checkpoint": {
      const roles = text.split(" ").filter(Boolean) as ("best" | "last")[];
      return [t("foot.checkpoint"), ...roles.map((role) => t(`checkpoints.role_${role}`))].join(
        ", ",
      );
    }
  }
}

function stepOf({ step }: Moment): string {
  return step === null ? "" : formatX(step, "step", true);
}

/** Return what stands at the foot for a group: its sign, and how many it is. */
export function signOf({ first, marks }: FootGroup): string {
  return marks.length > 1 ? `${GLYPHS[first.kind]}${marks.length}` : GLYPHS[first.kind];
}

/**
 * Return *marks* as they stand on a chart *width* pixels wide; those less than *distance* apart are
 * one. *pixelOf* gives the pixel of a place on the axis *x*; what is not on the chart is left out.
 */
export function gathered(
  marks: readonly FootMark[],
  x: ChartX,
  pixelOf: (at: number) => number,
  width: number,
  distance: number,
): FootGroup[] {
  const placed = marks
    .flatMap((mark) => {
      const at = mark.place[x];
      const left = at === undefined ? NaN : pixelOf(at);
      return left >= 0 && left <= width ? [{ mark, left }] : [];
    })
    .sort((a, b) => a.left - b.left);
  const groups: { from: number; to: number; marks: FootMark[] }[] = [];
  for (const { mark, left } of placed) {
    const last = groups.at(-1);
    // Measured from its first one: a row of them is not all one group.
    if (last && left - last.from < distance) {
      last.marks.push(mark);
      last.to = left;
    } else groups.push({ from: left, to: left, marks: [mark] });
  }
  return groups.map(({ from, to, marks: own }) => {
    const first = own.reduce((best, mark) => (isGraver(mark, best) ? mark : best));
    return {
      key: `${own[0]!.key} ${own.at(-1)!.key} ${own.length}`,
      left: (from + to) / 2,
      first,
      marks: own,
    };
  });
}

function isGraver(mark: FootMark, than: FootMark): boolean {
  if (mark.kind !== than.kind) return KINDS.indexOf(mark.kind) < KINDS.indexOf(than.kind);
  return mark.level === "error" && than.level !== "error";
}

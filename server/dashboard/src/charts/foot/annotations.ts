// Where something is written: from a place on a chart's axis to what the server stores.

import type { AnnotationPlace, XAxis } from "../../api/types";
import type { Place } from "../cursor";

/** The API's bound. */
export const ANNOTATION_CHARS_MAX = 1000;

/** Return a place as its field shows it; nothing where there is none. */
export function writeAt(x: XAxis, at: number | null): string {
  if (at === null) return "";
  if (x === "step") return String(Math.round(at));
  if (x === "relative") return String(Number(at.toFixed(3)));
  const date = new Date(at * 1000);
  return new Date(at * 1000 - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** Return what a field says; null where that is no place. */
export function readAt(x: XAxis, text: string): number | null {
  if (text.trim() === "") return null;
  const at = x === "time" ? Date.parse(text) / 1000 : Number(text);
  if (!Number.isFinite(at)) return null;
  return x === "step" ? Math.round(at) : at;
}

/**
 * Return the place *at* of each run as the server stores it. *complete* says of it where else on the
 * axes it is; *startedNs* when each run began.
 */
export function placesOf(
  runs: readonly string[],
  x: XAxis,
  at: number,
  complete: (place: Place) => Place,
  startedNs: Readonly<Record<string, number>>,
): AnnotationPlace[] {
  return runs.map((run) => {
    const place = complete({ [x]: at });
    const began = startedNs[run];
    const relativeNs =
      place.relative === undefined || began === undefined ? null : began + place.relative * 1e9;
    const timeNs = place.time === undefined ? relativeNs : place.time * 1e9;
    return {
      run,
      step: place.step === undefined ? null : Math.round(place.step),
      time_ns: timeNs === null ? null : Math.round(timeNs),
    };
  });
}

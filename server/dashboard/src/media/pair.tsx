// Two of the runs that show something under one name, chosen to be set against each other.

import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { MediaItem } from "../api/types";

/** A run, and what it shows. */
export interface Side {
  run: string;
  label: string;
  item: MediaItem;
}

/** Return the two sides that are chosen, at first the first two, and what chooses others. */
export function usePair(
  sides: readonly Side[],
  between: ReactNode,
): [a: Side, b: Side, choice: ReactNode] {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<readonly [a: string, b: string]>(["", ""]);
  const known = (run: string, usual: number) =>
    sides.find((side) => side.run === run) ?? sides[usual]!;
  const a = known(chosen[0], 0);
  const b = known(chosen[1], a === sides[1] ? 0 : 1);
  // Whoever chooses the other side's run means to have them change places.
  const choose = (at: 0 | 1, run: string) =>
    setChosen(
      at === 0 ? [run, b.run === run ? a.run : b.run] : [a.run === run ? b.run : a.run, run],
    );
  const select = (at: 0 | 1, { run }: Side) => (
    <select
      aria-label={t(at === 0 ? "media.first_run" : "media.second_run")}
      value={run}
      onChange={(change) => choose(at, change.target.value)}
    >
      {sides.map((side) => (
        <option key={side.run} value={side.run}>
          {side.label}
        </option>
      ))}
    </select>
  );
  return [
    a,
    b,
    <>
      {select(0, a)} {between} {select(1, b)}
    </>,
  ];
}

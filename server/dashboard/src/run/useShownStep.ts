// Which step histograms are shown at: where a cursor was pinned last, or a slider put.

import { useEffect, useRef } from "react";

import { usePins } from "../charts/usePins";
import { useUrl } from "../shell/useUrl";

/** Return the step that is shown, null for the newest, and what goes to another: the cursor goes along. */
export function useShownStep(): [step: number | null, go: (step: number | null) => void] {
  const [text, setText] = useUrl("hs");
  const { places, put } = usePins();
  const pinned = places.at(-1)?.step;
  const chosen = /^-?\d+$/.test(text) ? Number(text) : null;
  const before = useRef(pinned);
  useEffect(() => {
    // A cursor that is pinned elsewhere, such as in a chart, takes the histograms along.
    if (pinned !== before.current && pinned !== undefined && pinned !== chosen) setText(null);
    before.current = pinned;
  }, [pinned, chosen, setText]);
  const go = (step: number | null) => {
    setText(step === null ? null : String(step));
    put(step === null ? null : { x: "step", at: step });
  };
  return [chosen ?? (pinned === undefined ? null : Math.round(pinned)), go];
}

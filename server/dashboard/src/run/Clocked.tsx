import type { ReactNode } from "react";

import type { Run } from "../api/types";
import { Completion } from "../charts/usePins";
import type { Clock } from "./clock";
import { useClock, useCompletion } from "./useClock";

interface ClockedProps {
  run: Run;
  children: (clock: Clock | null) => ReactNode;
}

/** Shows *children* with what is known of when the run was at which step. */
export function Clocked({ run, children }: ClockedProps) {
  const clock = useClock(run);
  return <Completion value={useCompletion(clock)}>{children(clock)}</Completion>;
}

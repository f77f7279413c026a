// A run's state as icon, word and colour: never by colour alone.

import { useTranslation } from "react-i18next";

import { formatDuration } from "../api/number";
import type { RunState, RunSummary } from "../api/types";
import { Icon, type IconName } from "./Icon";
import { useNow } from "./useNow";

const ICONS: Record<RunState, IconName> = {
  running: "pulse",
  finished: "check",
  failed: "close",
  interrupted: "stop",
  killed: "skull",
  silent: "question",
};

/** *isCompact*: the word is only said, by the pointer's hint and to screen readers. */
export function StateLabel({ run, isCompact }: { run: RunSummary; isCompact?: boolean }) {
  const { t } = useTranslation();
  const word = t(`state.${run.state}`);
  const hint = [isCompact ? word : "", run.reason].filter(Boolean).join(": ");
  return (
    <span className={`state state-${run.state}`} title={hint || undefined}>
      <Icon name={ICONS[run.state]} />
      <span className={isCompact ? "only-said" : ""}>{word}</span>
    </span>
  );
}

/** How long the run took, or has taken; ticks while it is live. */
export function RunDuration({ run }: { run: RunSummary }) {
  return run.state === "running" ? (
    <Ticking since={run.started_ns} />
  ) : (
    <>{formatDuration(secondsOf(run))}</>
  );
}

function Ticking({ since }: { since: number }) {
  return <>{formatDuration(Math.floor(useNow() / 1000 - since / 1e9))}</>;
}

function secondsOf(run: RunSummary): number {
  return ((run.ended_ns ?? run.heard_ns) - run.started_ns) / 1e9;
}

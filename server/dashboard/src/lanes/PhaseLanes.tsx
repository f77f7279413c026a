import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { Run } from "../api/types";
import { formatDuration } from "../api/number";
import type { Place } from "../charts/cursor";
import { epochMetric } from "../charts/useView";
import { useCheckpoints } from "../run/useCheckpointFlags";
import { sectionsOf } from "../series/metrics";
import { useTracks, type Window } from "../series/useTracks";
import { drawAttempts, drawEpochs, drawMarks } from "./draw";
import { type Span } from "../charts/span";
import {
  epochsOf,
  marksNear,
  marksOf,
  phaseAt,
  processRows,
  type Attempt,
  type Mark,
  type ProcessRow,
} from "./phases";
import { CursorStrip, type ZoomView } from "../charts/CursorStrip";
import { useCursorText } from "../charts/useCursorText";
import type { Pen } from "../pictures/pen";

const ROW_PX = 20;
const BUCKETS = 400;
/** So far from a mark, as a share of the screen, the cursor is at it. */
const REACH = 0.006;
const PROCESSES_MAX = 64;

interface PhaseLanesProps {
  run: Run;
  window: Window | null;
  view: ZoomView;
}

/** What the run did: its processes with their attempts, epochs, validations, checkpoints, alerts. */
export function PhaseLanes({ run, window, view }: PhaseLanesProps) {
  const { t } = useTranslation();
  const rows = useMemo(() => processRows(run), [run]);
  return (
    <section className="lane-group" aria-label={t("lanes.phases")}>
      <header>
        <h3>{t("lanes.phases")}</h3>
      </header>
      <EpochLane run={run} window={window} view={view} />
      <MarkLane run={run} window={window} view={view} />
      {rows.slice(0, PROCESSES_MAX).map((row) => (
        <ProcessLane key={`${row.host} ${row.rank}`} row={row} view={view} />
      ))}
      {rows.length > PROCESSES_MAX && (
        <p className="muted lane-note">
          {t("lanes.processes_cut", { shown: PROCESSES_MAX, total: rows.length })}
        </p>
      )}
    </section>
  );
}

function EpochLane({ run, window, view }: PhaseLanesProps) {
  const { t } = useTranslation();
  const { id, metrics } = run.summary;
  const runs = useMemo(() => [id], [id]);
  // Integrations say the epoch beside each record; a loop of one's own may log it.
  const name = epochMetric(Object.keys(metrics)) ?? "epoch";
  const query = useTracks(
    { runs, name, x: "relative", window, buckets: BUCKETS, points: metrics[name]?.count ?? 0 },
    true,
  );
  const epochs = useMemo(() => epochsOf(query.data ?? []), [query.data]);
  const draw = useCallback(
    (context: Pen, span: Span) => drawEpochs(context, span, ROW_PX, epochs),
    [epochs],
  );
  const describe = useCallback(
    (place: Place | null) => {
      const found = place?.relative === undefined ? null : phaseAt(epochs, place.relative);
      return found ? t("lanes.epoch", { epoch: found.epoch }) : "";
    },
    [epochs, t],
  );
  const output = useCursorText<HTMLOutputElement>(describe);
  if (epochs.length === 0) return null;
  return (
    <Row name={t("lanes.epochs")} output={output}>
      <CursorStrip view={view} height={ROW_PX} label={t("lanes.epochs")} draw={draw} />
    </Row>
  );
}

function MarkLane({ run, window, view }: PhaseLanesProps) {
  const { t } = useTranslation();
  const { id, metrics, started_ns } = run.summary;
  const runs = useMemo(() => [id], [id]);
  const validation = useMemo(
    () => sectionsOf(Object.keys(metrics)).find((section) => section.name === "val")?.metrics[0],
    [metrics],
  );
  const points = validation === undefined ? 0 : (metrics[validation]?.count ?? 0);
  const query = useTracks(
    { runs, name: validation ?? "", x: "relative", window, buckets: BUCKETS, points },
    validation !== undefined,
  );
  const checkpoints = useCheckpoints(run);
  const { data: tracks } = query;
  const { data: list } = checkpoints;
  const marks = useMemo(
    () => marksOf(started_ns, tracks ?? [], list?.checkpoints ?? [], run.alerts),
    [started_ns, tracks, list, run.alerts],
  );
  const draw = useCallback(
    (context: Pen, span: Span) => drawMarks(context, span, ROW_PX, marks),
    [marks],
  );
  const { from, to } = view;
  const describe = useCallback(
    (place: Place | null) =>
      place?.relative === undefined
        ? ""
        : marksNear(marks, place.relative, REACH * (to - from))
            .map((mark) => nameOf(mark, t))
            .join(" · "),
    [marks, from, to, t],
  );
  const output = useCursorText<HTMLOutputElement>(describe);
  if (marks.length === 0) return null;
  return (
    <Row name={t("lanes.marks")} output={output}>
      <CursorStrip view={view} height={ROW_PX} label={countsOf(marks, t)} draw={draw} />
    </Row>
  );
}

type Translate = ReturnType<typeof useTranslation>["t"];

function nameOf({ kind, step, title }: Mark, t: Translate): string {
  const word = kind === "alert" ? title : t(`lanes.${kind}`);
  return step === null ? word : `${word}, ${t("run.step", { step: step.toLocaleString("en-US") })}`;
}

/** Return how many marks of each kind there are, in words. */
function countsOf(marks: readonly Mark[], t: Translate): string {
  const kinds = [...new Set(marks.map(({ kind }) => kind))];
  return kinds
    .map((kind) => {
      const word = kind === "alert" ? t("lanes.alert") : t(`lanes.${kind}`);
      return `${word}: ${marks.filter((mark) => mark.kind === kind).length}`;
    })
    .join(", ");
}

function ProcessLane({ row, view }: { row: ProcessRow; view: ZoomView }) {
  const { t } = useTranslation();
  const textOf = useCallback(
    ({ attempt, state, reason }: Attempt) => {
      const parts = [
        row.attempts.length > 1 ? t("lanes.attempt", { attempt }) : "",
        state ? t(`state.${state}`) : "",
        state && state !== "finished" ? reason : "",
      ];
      return parts.filter(Boolean).join(" · ");
    },
    [row, t],
  );
  const draw = useCallback(
    (context: Pen, span: Span) => drawAttempts(context, span, ROW_PX, row, textOf),
    [row, textOf],
  );
  const describe = useCallback(
    (place: Place | null) => {
      if (place?.relative === undefined) return "";
      const at = phaseAt(row.attempts, place.relative);
      return at
        ? t("lanes.in_attempt", {
            attempt: at.attempt,
            duration: formatDuration(place.relative - at.from),
          })
        : t("lanes.not_running");
    },
    [row, t],
  );
  const output = useCursorText<HTMLOutputElement>(describe);
  const name = `${t("overview.rank", { rank: row.rank })} · ${row.host}`;
  return (
    <Row name={name} output={output}>
      <CursorStrip
        view={view}
        height={ROW_PX}
        label={`${name}: ${row.attempts.map(textOf).join(", ")}`}
        draw={draw}
      />
    </Row>
  );
}

function Row(props: {
  name: string;
  output: React.RefObject<HTMLOutputElement | null>;
  children: React.ReactNode;
}) {
  return (
    <div className="lane is-phase">
      <span className="lane-name" title={props.name}>
        {props.name}
      </span>
      {props.children}
      <output ref={props.output} className="lane-value" />
    </div>
  );
}

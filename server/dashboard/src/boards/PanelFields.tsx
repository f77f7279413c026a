// What each kind of panel can be told to show.

import { useId } from "react";
import { useTranslation } from "react-i18next";

import { formatX } from "../charts/axis";
import { axisOf } from "../charts/pins";
import { AXES } from "../charts/useView";
import { SUMMARIES } from "../compare/differences";
import { keyText } from "../list/filterText";
import { useVarying } from "../params/useColumns";
import { FLOWS } from "../run/flow";
import { METRICS_MAX, type OneRunPanel, type Panel } from "./document";
import { Check, Field, Keys, linesIn, Select } from "./fields";
import { GroupFields, SmoothingFields } from "./LinesFields";
import { useScope } from "./scope";

const VIEWS = ["layers", "ridges", "bands", "step"] as const;
const RUNS_OFFERED = 50;
const KEYS_MAX = 40;

export interface FieldsProps {
  panel: Panel;
  onChange: (panel: Panel) => void;
}

export function OwnFields({ panel, onChange }: FieldsProps) {
  const { t } = useTranslation();
  const { metrics } = useScope();
  const keys = useKeys();
  const listId = useId();
  const offers = (names: readonly string[]) => (
    <datalist id={listId}>
      {names.map((name) => (
        <option key={name} value={name} />
      ))}
    </datalist>
  );
  const key = (label: string, value: string, onKey: (key: string) => void, hint?: string) => (
    <Field label={label} hint={hint ?? t("board.key_hint")}>
      <input
        value={value}
        list={listId}
        maxLength={1024}
        spellCheck={false}
        onChange={(change) => onKey(change.target.value.trim())}
      />
    </Field>
  );
  const run = (of: OneRunPanel) => (
    <RunSelect
      label={t("board.run")}
      none={t("board.newest")}
      value={of.run}
      onChange={(id) => onChange({ ...of, run: id })}
    />
  );
  switch (panel.type) {
    case "lines":
      return (
        <>
          {offers(metrics)}
          {key(t("board.metric"), panel.metric, (metric) => onChange({ ...panel, metric }))}
          <Keys
            label={t("board.more_metrics")}
            hint={t("board.more_metrics_hint", { count: METRICS_MAX })}
            most={METRICS_MAX - 1}
            split={linesIn}
            value={panel.more ?? []}
            onChange={(more) => onChange({ ...panel, more })}
          />
          <Select
            label={t("board.axis")}
            value={panel.axis}
            options={[
              ...new Set([...AXES, "epoch", panel.axis, ...metrics.map((name) => `m:${name}`)]),
            ].map((axis) => [axis, axisText(axis, t)])}
            onChange={(axis) => onChange({ ...panel, axis, window: null })}
          />
          <SmoothingFields panel={panel} onChange={onChange} />
          <GroupFields panel={panel} onChange={onChange} />
          <Check
            label={t("chart.log")}
            isOn={panel.is_log}
            onChange={(is_log) => onChange({ ...panel, is_log })}
          />
          <Check
            label={t("board.full")}
            isOn={panel.is_full}
            onChange={(is_full) => onChange({ ...panel, is_full })}
          />
          {panel.window && (
            <Check
              label={t("board.window", windowText(panel.window, panel.axis))}
              isOn
              onChange={() => onChange({ ...panel, window: null })}
            />
          )}
        </>
      );
    case "text":
      return (
        <Field label={t("board.text")} hint={t("board.text_hint")}>
          <textarea
            value={panel.text}
            rows={10}
            maxLength={50_000}
            autoFocus
            onChange={(change) => onChange({ ...panel, text: change.target.value })}
          />
        </Field>
      );
    case "table":
      return (
        <>
          {offers(keys.flatMap((name) => [name, `-${name}`]))}
          <Keys
            label={t("board.columns")}
            hint={t("board.keys_hint")}
            most={KEYS_MAX}
            value={panel.columns}
            onChange={(columns) => onChange({ ...panel, columns })}
          />
          {key(
            t("board.sort"),
            panel.sort,
            (sort) => onChange({ ...panel, sort }),
            t("board.sort_hint"),
          )}
        </>
      );
    case "scatter":
      return (
        <>
          {offers(keys)}
          {key(t("params.x"), panel.across, (across) => onChange({ ...panel, across }))}
          {key(t("params.y"), panel.up, (up) => onChange({ ...panel, up }))}
          {key(t("board.colour"), panel.colour, (colour) => onChange({ ...panel, colour }))}
        </>
      );
    case "parallel":
      return (
        <>
          {offers(keys)}
          <Keys
            label={t("board.axes")}
            hint={t("board.keys_hint")}
            most={KEYS_MAX}
            value={panel.axes}
            onChange={(axes) => onChange({ ...panel, axes })}
          />
          {key(t("board.colour"), panel.colour, (colour) => onChange({ ...panel, colour }))}
        </>
      );
    case "importance":
      return (
        <>
          {offers(keys)}
          {key(t("board.of"), panel.of, (of) => onChange({ ...panel, of }))}
        </>
      );
    case "histograms":
      return (
        <>
          {run(panel)}
          {key(
            t("board.name"),
            panel.name,
            (name) => onChange({ ...panel, name }),
            t("board.name_hint"),
          )}
          <Select
            label={t("board.view")}
            value={panel.view}
            options={VIEWS.map((view) => [view, t(`board.view_${view}`)])}
            onChange={(view) => onChange({ ...panel, view })}
          />
        </>
      );
    case "media":
      return (
        <>
          {run(panel)}
          {key(
            t("board.name"),
            panel.name,
            (name) => onChange({ ...panel, name }),
            t("board.media_hint"),
          )}
        </>
      );
    case "flow":
      return (
        <>
          {run(panel)}
          <Select
            label={t("board.flow")}
            value={panel.flow}
            options={FLOWS.map((flow) => [flow, t(`flow.${flow}`)])}
            onChange={(flow) => onChange({ ...panel, flow })}
          />
        </>
      );
    case "devices":
    case "checkpoints":
      return run(panel);
    case "console":
      return (
        <>
          {run(panel)}
          <Field label={t("board.search")} hint={t("board.search_hint")}>
            <input
              value={panel.search}
              maxLength={1024}
              spellCheck={false}
              onChange={(change) => onChange({ ...panel, search: change.target.value })}
            />
          </Field>
          <Check
            label={t("console.regex")}
            isOn={panel.is_regex}
            onChange={(is_regex) => onChange({ ...panel, is_regex })}
          />
          <Check
            label={t("console.case")}
            isOn={panel.is_case}
            onChange={(is_case) => onChange({ ...panel, is_case })}
          />
        </>
      );
    case "compare":
      return (
        <>
          <Select
            label={t("compare.summary")}
            value={panel.summary}
            options={SUMMARIES.map((summary) => [summary, t(`compare.${summary}`)])}
            onChange={(summary) => onChange({ ...panel, summary })}
          />
          <RunSelect
            label={t("compare.baseline")}
            none={t("board.first_column")}
            value={panel.baseline}
            onChange={(baseline) => onChange({ ...panel, baseline })}
          />
          <Check
            label={t("compare.only_differences")}
            isOn={!panel.is_all}
            onChange={(isShort) => onChange({ ...panel, is_all: !isShort })}
          />
        </>
      );
  }
}

interface RunSelectProps {
  label: string;
  /** What it means that no run is chosen. */
  none: string;
  value: string;
  onChange: (id: string) => void;
}

function RunSelect({ label, none, value, onChange }: RunSelectProps) {
  const { runs } = useScope();
  const offered = runs.slice(0, RUNS_OFFERED);
  const isOther = value !== "" && !offered.some(({ id }) => id === value);
  return (
    <Select
      label={label}
      value={value}
      options={[
        ["", none],
        ...(isOther ? [[value, value.slice(0, 8)] as const] : []),
        ...offered.map(({ id, name }) => [id, name] as const),
      ]}
      onChange={onChange}
    />
  );
}

type Translate = ReturnType<typeof useTranslation>["t"];

function axisText(axis: string, t: Translate): string {
  switch (axis) {
    case "step":
    case "relative":
    case "time":
    case "epoch":
      return t(`x.${axis}`);
    default:
      return axis.startsWith("m:") ? axis.slice(2) : axis;
  }
}

/** Return from where to where a window is, as words have it. */
function windowText([from, to]: readonly number[], axis: string) {
  const x = axisOf(axis);
  return { from: formatX(from!, x), to: formatX(to!, x) };
}

/** The keys that panels may show: what was made different, and what came out. */
function useKeys(): string[] {
  const { project, headlines } = useScope();
  const varying = useVarying(project).data?.keys ?? [];
  return [
    ...varying.map((one) => one.key),
    ...headlines.flatMap((name) => {
      const key = keyText("metrics", name);
      return [`${key}.min`, `${key}.max`, key];
    }),
  ];
}

import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import { useId, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { AXES, SMOOTHINGS } from "../charts/useView";
import { keyText } from "../list/filterText";
import { useVarying } from "../params/useColumns";
import { splitKeys } from "../params/view";
import type { Panel } from "./document";
import { useScope } from "./scope";

const VIEWS = ["layers", "ridges", "bands"] as const;
const RUNS_OFFERED = 50;

interface PanelDialogProps {
  panel: Panel;
  isNew: boolean;
  onSave: (panel: Panel) => void;
  onClose: () => void;
}

/** What a panel shows. Nothing is changed before it is taken over. */
export function PanelDialog({ panel, isNew, onSave, onClose }: PanelDialogProps) {
  const { t } = useTranslation();
  const titleId = useId();
  const [draft, setDraft] = useState(panel);
  return (
    <Dialog open onClose={onClose} aria-labelledby={titleId}>
      <form
        className="edit-form panel-form"
        onSubmit={(submit) => {
          submit.preventDefault();
          onSave(draft);
        }}
      >
        <h2 id={titleId}>
          {isNew ? t("board.add") : t("board.change")}: {t(`board.type_${panel.type}`)}
        </h2>
        <Fields panel={draft} onChange={setDraft} />
        <footer>
          <Button color="inherit" onClick={onClose}>
            {t("list.edit_cancel")}
          </Button>
          <Button type="submit" variant="contained">
            {isNew ? t("board.add") : t("board.take_over")}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

function Field({ label, hint, children }: { label: string; hint?: string; children: ReactNode }) {
  return (
    <label className="panel-field">
      <span>{label}</span>
      {children}
      {hint && <small className="muted">{hint}</small>}
    </label>
  );
}

interface FieldsProps {
  panel: Panel;
  onChange: (panel: Panel) => void;
}

function Fields({ panel, onChange }: FieldsProps) {
  const { t } = useTranslation();
  return (
    <>
      <Field label={t("board.title")} hint={t("board.title_hint")}>
        <input
          value={panel.title}
          maxLength={200}
          autoFocus={panel.type !== "text"}
          onChange={(change) => onChange({ ...panel, title: change.target.value })}
        />
      </Field>
      <OwnFields panel={panel} onChange={onChange} />
      {panel.type !== "text" && (
        <Field label={t("board.filter")} hint={t("board.filter_hint")}>
          <input
            value={panel.filter}
            maxLength={10_000}
            spellCheck={false}
            onChange={(change) => onChange({ ...panel, filter: change.target.value })}
          />
        </Field>
      )}
    </>
  );
}

function OwnFields({ panel, onChange }: FieldsProps) {
  const { t } = useTranslation();
  const { metrics, runs } = useScope();
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
  const run = (value: string, onRun: (id: string) => void) => (
    <Field label={t("board.run")}>
      <select value={value} onChange={(change) => onRun(change.target.value)}>
        <option value="">{t("board.newest")}</option>
        {value && !runs.slice(0, RUNS_OFFERED).some(({ id }) => id === value) && (
          <option value={value}>{value.slice(0, 8)}</option>
        )}
        {runs.slice(0, RUNS_OFFERED).map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </Field>
  );
  switch (panel.type) {
    case "lines":
      return (
        <>
          {offers(metrics)}
          {key(t("board.metric"), panel.metric, (metric) => onChange({ ...panel, metric }))}
          <Field label={t("board.axis")}>
            <select
              value={panel.axis}
              onChange={(change) => onChange({ ...panel, axis: change.target.value })}
            >
              {[...new Set([...AXES, "epoch", panel.axis])].map((axis) => (
                <option key={axis} value={axis}>
                  {axisText(axis, t)}
                </option>
              ))}
              {metrics
                .map((name) => `m:${name}`)
                .filter((axis) => axis !== panel.axis)
                .map((axis) => (
                  <option key={axis} value={axis}>
                    {axis.slice(2)}
                  </option>
                ))}
            </select>
          </Field>
          <Field label={t("board.smoothing")}>
            <select
              value={panel.smoothing}
              onChange={(change) => onChange({ ...panel, smoothing: Number(change.target.value) })}
            >
              {[...new Set([...SMOOTHINGS, panel.smoothing])].map((amount) => (
                <option key={amount} value={amount}>
                  {amount}
                </option>
              ))}
            </select>
          </Field>
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
          {run(panel.run, (id) => onChange({ ...panel, run: id }))}
          {key(
            t("board.name"),
            panel.name,
            (name) => onChange({ ...panel, name }),
            t("board.name_hint"),
          )}
          <Field label={t("board.view")}>
            <select
              value={panel.view}
              onChange={(change) =>
                onChange({ ...panel, view: VIEWS.find((one) => one === change.target.value)! })
              }
            >
              {VIEWS.map((view) => (
                <option key={view} value={view}>
                  {t(`board.view_${view}`)}
                </option>
              ))}
            </select>
          </Field>
        </>
      );
    case "media":
      return (
        <>
          {run(panel.run, (id) => onChange({ ...panel, run: id }))}
          {key(
            t("board.name"),
            panel.name,
            (name) => onChange({ ...panel, name }),
            t("board.media_hint"),
          )}
        </>
      );
  }
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

function Check(props: { label: string; isOn: boolean; onChange: (isOn: boolean) => void }) {
  return (
    <label className="panel-check">
      <input
        type="checkbox"
        checked={props.isOn}
        onChange={(change) => props.onChange(change.target.checked)}
      />
      {props.label}
    </label>
  );
}

/** Keys as text, one a line or a comma between; what is none is left out when the field is left. */
function Keys(props: {
  label: string;
  value: readonly string[];
  onChange: (keys: string[]) => void;
}) {
  const { t } = useTranslation();
  const [text, setText] = useState(props.value.join("\n"));
  return (
    <Field label={props.label} hint={t("board.keys_hint")}>
      <textarea
        value={text}
        rows={4}
        spellCheck={false}
        onChange={(change) => {
          setText(change.target.value);
          props.onChange(splitKeys(change.target.value.replaceAll("\n", ",")).slice(0, 40));
        }}
        onBlur={() => setText(props.value.join("\n"))}
      />
    </Field>
  );
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

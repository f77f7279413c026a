import { useMemo, useRef, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { twinsOf } from "../series/metrics";
import { KINDS, STOPS, type Smoothing } from "../series/smoothing";
import { Icon } from "../shell/Icon";
import { SearchField } from "../shell/SearchField";
import { useShortcuts } from "../shell/shortcuts";
import { formatX } from "./axis";
import { PinBar } from "./PinBar";
import { AXES, chartX, countMetrics, epochMetric, findMetrics, type ViewState } from "./useView";

/** As many metrics can be chosen as an axis; of more, those that the search finds. */
const OFFERED_MAX = 500;

interface ViewBarProps {
  state: ViewState;
  metrics: readonly string[];
  /** Keys 1 to 4 choose the x axis; a page with tabs wants them for those. */
  hasAxisKeys?: boolean;
  searchKey?: string;
  /** Marks at the foot that there is no room for. */
  footLeftOut?: number;
  children?: ReactNode;
}

/** One row of controls for all charts of a page. */
export function ViewBar({
  state,
  metrics,
  hasAxisKeys,
  searchKey = ".",
  footLeftOut = 0,
  children,
}: ViewBarProps) {
  const { t } = useTranslation();
  const { view, search } = state;
  const field = useRef<HTMLInputElement>(null);
  const epoch = epochMetric(metrics);
  const counted = countMetrics(metrics).map((name) => `m:${name}`);
  const axes = [...AXES, ...(epoch === null ? [] : ["epoch"]), ...counted];
  const hasTwins = useMemo(() => twinsOf(metrics).size > 0, [metrics]);
  const { kind, amount } = view.smoothing;
  const nextStop = STOPS[kind].find((stop) => stop > amount) ?? 0;
  useShortcuts({
    [searchKey]: () => field.current?.focus(),
    "0": () => state.setWindow(null),
    "l": () => state.setLog(!view.isLog),
    "o": () => state.setFull(!view.isFull),
    "s": () => state.setSmoothing({ kind, amount: nextStop }),
    ...(hasAxisKeys &&
      Object.fromEntries(axes.map((axis, index) => [String(index + 1), () => state.setX(axis)]))),
  });
  return (
    <div className="toolbar view-bar" role="group" aria-label={t("view.bar")}>
      <AxisSelect state={state} metrics={metrics} epoch={epoch} />
      <SmoothingField smoothing={view.smoothing} onChange={state.setSmoothing} />
      <Check label={t("view.log")} isOn={view.isLog} onChange={state.setLog} />
      <Check
        label={t("view.full")}
        hint={t("view.full_hint")}
        isOn={view.isFull}
        onChange={state.setFull}
      />
      <Check
        label={t("view.foot")}
        hint={[
          t("view.foot_hint"),
          footLeftOut > 0 ? t("foot.left_out", { count: footLeftOut }) : "",
        ]
          .filter(Boolean)
          .join("\n")}
        isOn={state.hasFoot}
        onChange={state.setFoot}
      />
      {hasTwins && (
        <Check
          label={t("view.merge")}
          hint={t("view.merge_hint")}
          isOn={view.isMerged}
          onChange={state.setMerged}
        />
      )}
      {children}
      <PinBar pins={view.pins} x={chartX(view)} onToggle={state.togglePin} />
      {view.window && (
        <button type="button" className="chip" onClick={() => state.setWindow(null)}>
          <Icon name="reset" />
          {t("view.zoomed", {
            from: formatX(view.window[0], chartX(view)),
            to: formatX(view.window[1], chartX(view)),
          })}
        </button>
      )}
      <SearchField
        field={field}
        label={t("view.search")}
        hint={t("view.search_hint", { key: searchKey })}
        value={search}
        onChange={state.setSearch}
      />
    </div>
  );
}

function SmoothingField(props: { smoothing: Smoothing; onChange: (next: Smoothing) => void }) {
  const { t } = useTranslation();
  const { kind, amount } = props.smoothing;
  const stops = STOPS[kind];
  return (
    <span className="smoothing" title={t(`smoothing.${kind}_hint`)}>
      <label>
        {t("view.smoothing")}
        <input
          type="range"
          min="0"
          max={stops.at(-1)}
          step={kind === "twema" ? 0.01 : 1}
          list="smoothing-stops"
          value={amount}
          onChange={(change) => props.onChange({ kind, amount: Number(change.target.value) })}
        />
      </label>
      <datalist id="smoothing-stops">
        {stops.map((stop) => (
          <option key={stop} value={stop} />
        ))}
      </datalist>
      <output>
        {kind === "twema" ? amount.toFixed(2) : t("smoothing.reach", { amount: amount / 10 })}
      </output>
      {amount > 0 && (
        <select
          aria-label={t("smoothing.kind")}
          value={kind}
          onChange={(change) => {
            const next = KINDS.find((one) => one === change.target.value)!;
            // As far along as before.
            const at = stops.findLastIndex((stop) => stop <= amount);
            props.onChange({ kind: next, amount: STOPS[next][at] ?? 0 });
          }}
        >
          {KINDS.map((one) => (
            <option key={one} value={one}>
              {t(`smoothing.${one}`)}
            </option>
          ))}
        </select>
      )}
    </span>
  );
}

function AxisSelect(props: { state: ViewState; metrics: readonly string[]; epoch: string | null }) {
  const { t } = useTranslation();
  const { state, metrics, epoch } = props;
  const { by } = state.view;
  const counts = countMetrics(metrics);
  const rest = metrics.filter((name) => !counts.includes(name));
  const found = rest.length > OFFERED_MAX ? findMetrics(rest, state.search) : rest;
  const offered = found.slice(0, OFFERED_MAX);
  if (by !== null && !counts.includes(by) && !offered.includes(by)) offered.push(by);
  return (
    <label>
      {t("view.x")}
      <select value={state.xText} onChange={(change) => state.setX(change.target.value)}>
        {AXES.map((x) => (
          <option key={x} value={x}>
            {t(`x.${x}`)}
          </option>
        ))}
        <option value="epoch" disabled={epoch === null}>
          {epoch === null ? t("x.no_epoch") : t("x.epoch")}
        </option>
        {counts.map((name) => (
          <option key={name} value={`m:${name}`}>
            {name}
          </option>
        ))}
        <optgroup label={t("x.metric")}>
          {offered.map((name) => (
            <option key={name} value={`m:${name}`}>
              {name}
            </option>
          ))}
        </optgroup>
      </select>
    </label>
  );
}

interface CheckProps {
  label: string;
  hint?: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}

function Check(props: CheckProps) {
  return (
    <label title={props.hint}>
      <input
        type="checkbox"
        checked={props.isOn}
        onChange={(change) => props.onChange(change.target.checked)}
      />
      {props.label}
    </label>
  );
}

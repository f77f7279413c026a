import Popover from "@mui/material/Popover";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "../api/number";
import type { ParamValue } from "../api/types";
import { formatParam } from "../list/columns";
import { Icon } from "../shell/Icon";
import type { Axis } from "./axes";
import type { Brush } from "./brushes";
import { axisNear, GAP_MIN, xOf } from "./geometry";

interface AxisHeadProps {
  axis: Axis;
  at: number;
  count: number;
  width: number;
  brush: Brush | null;
  onBrush: (brush: Brush | null) => void;
  onMove: (to: number) => void;
  onToggleScale: () => void;
  onToggleQuantiles: ((key: string) => void) | undefined;
  onToggleInverted: ((key: string) => void) | undefined;
  onRemove: () => void;
}

/** The pointer has not dragged before it has gone so far. */
const DRAG_MIN = 6;
/** More kinds than this are chosen on the axis, or written into the filter. */
const KINDS_MAX = 30;

/** An axis' name: drag it to another place, or open it for what else can be done with the axis. */
export function AxisHead(props: AxisHeadProps) {
  const { axis, at, count, width, brush } = props;
  const { t } = useTranslation();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [offset, setOffset] = useState<number | null>(null);
  const start = useRef<number | null>(null);
  const wasDragged = useRef(false);
  const x = xOf(at, count, width);
  const onUp = () => {
    start.current = null;
    if (offset === null) return;
    setOffset(null);
    const to = axisNear(x + offset, count, width);
    if (to !== at) props.onMove(to);
  };
  return (
    <>
      <button
        type="button"
        className={`axis-head ${brush ? "is-on" : ""} ${offset === null ? "" : "is-dragged"}`}
        style={{ left: x + (offset ?? 0), maxWidth: Math.max(GAP_MIN, width / count) - 8 }}
        title={`${axis.key} – ${t("params.axis_hint")}`}
        aria-label={t("params.axis", {
          name: axis.scale === "log" ? `${axis.label} log` : axis.label,
        })}
        aria-haspopup="dialog"
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          start.current = event.clientX;
          wasDragged.current = false;
        }}
        onPointerMove={(event) => {
          if (start.current === null) return;
          const by = event.clientX - start.current;
          if (offset === null && Math.abs(by) < DRAG_MIN) return;
          wasDragged.current = true;
          setOffset(by);
        }}
        onPointerUp={onUp}
        onPointerCancel={() => {
          start.current = null;
          setOffset(null);
        }}
        onClick={(click) => {
          if (!wasDragged.current) setAnchor(click.currentTarget);
          wasDragged.current = false;
        }}
      >
        <span>{axis.label}</span>
        {axis.scale === "log" && <small> log</small>}
        {axis.scale === "quantile" && <small> %</small>}
        {axis.isInverted && <small aria-hidden="true"> ↓</small>}
      </button>
      <Popover
        open={anchor !== null}
        anchorEl={anchor}
        onClose={() => setAnchor(null)}
        anchorOrigin={{ vertical: "bottom", horizontal: "left" }}
      >
        <div className="axis-menu" role="dialog" aria-label={axis.label}>
          <h3>{axis.label}</h3>
          {axis.scale === "kinds" ? (
            <Kinds axis={axis} brush={brush} onBrush={props.onBrush} />
          ) : (
            <Range axis={axis} brush={brush} onBrush={props.onBrush} />
          )}
          {axis.missing > 0 && (
            <label>
              <input
                type="checkbox"
                checked={brush?.kind === "missing"}
                onChange={(change) =>
                  props.onBrush(change.target.checked ? { kind: "missing" } : null)
                }
              />
              {t("params.only_missing", { count: axis.missing })}
            </label>
          )}
          <div className="axis-actions">
            <button
              type="button"
              className="chip"
              disabled={at === 0}
              onClick={() => props.onMove(at - 1)}
            >
              <Icon name="back" /> {t("params.move_left")}
            </button>
            <button
              type="button"
              className="chip"
              disabled={at === count - 1}
              onClick={() => props.onMove(at + 1)}
            >
              {t("params.move_right")} <Icon name="right" />
            </button>
            {axis.scale !== "kinds" && props.onToggleQuantiles && (
              <button
                type="button"
                className="chip"
                aria-pressed={axis.scale === "quantile"}
                title={t("params.quantiles_hint")}
                onClick={() => props.onToggleQuantiles?.(axis.key)}
              >
                {t("params.quantiles")}
              </button>
            )}
            {props.onToggleInverted && (
              <button
                type="button"
                className="chip"
                aria-pressed={axis.isInverted}
                onClick={() => props.onToggleInverted?.(axis.key)}
              >
                <Icon name={axis.isInverted ? "up" : "down"} /> {t("params.invert")}
              </button>
            )}
            {axis.canBeLog && axis.scale !== "quantile" && (
              <button
                type="button"
                className="chip"
                aria-pressed={axis.scale === "log"}
                onClick={props.onToggleScale}
              >
                <Icon name="log" /> {t("params.log")}
              </button>
            )}
            {brush && (
              <button type="button" className="chip" onClick={() => props.onBrush(null)}>
                <Icon name="reset" /> {t("params.clear_brush")}
              </button>
            )}
            <button
              type="button"
              className="chip"
              onClick={() => {
                setAnchor(null);
                props.onRemove();
              }}
            >
              <Icon name="close" /> {t("params.remove_axis")}
            </button>
          </div>
        </div>
      </Popover>
    </>
  );
}

interface ChooserProps {
  axis: Axis;
  brush: Brush | null;
  onBrush: (brush: Brush | null) => void;
}

function Range({ axis, brush, onBrush }: ChooserProps) {
  const { t } = useTranslation();
  const range = brush?.kind === "range" ? brush : { low: null, high: null };
  const [low, setLow] = useState(String(range.low ?? ""));
  const [high, setHigh] = useState(String(range.high ?? ""));
  const read = (text: string) => (text.trim() === "" ? null : Number(text));
  const isWrong = [low, high].some((text) => Number.isNaN(read(text) ?? 0));
  return (
    <form
      className="axis-range"
      onSubmit={(submit) => {
        submit.preventDefault();
        if (isWrong) return;
        const [from, to] = [read(low), read(high)];
        onBrush(from === null && to === null ? null : { kind: "range", low: from, high: to });
      }}
    >
      <label>
        {t("params.from")}
        <input
          inputMode="decimal"
          value={low}
          placeholder={formatNumber(axis.low)}
          onChange={(change) => setLow(change.target.value)}
        />
      </label>
      <label>
        {t("params.to")}
        <input
          inputMode="decimal"
          value={high}
          placeholder={formatNumber(axis.high)}
          onChange={(change) => setHigh(change.target.value)}
        />
      </label>
      <button type="submit" className="chip" disabled={isWrong}>
        {t("params.apply")}
      </button>
    </form>
  );
}

function Kinds({ axis, brush, onBrush }: ChooserProps) {
  const chosen: readonly ParamValue[] = brush?.kind === "kinds" ? brush.values : [];
  if (axis.kinds.length > KINDS_MAX || axis.kinds.some(Array.isArray)) return null;
  return (
    <ul className="axis-kinds">
      {axis.kinds.map((kind) => (
        <li key={JSON.stringify(kind)}>
          <label>
            <input
              type="checkbox"
              checked={chosen.includes(kind)}
              onChange={(change) => {
                const values = axis.kinds.filter((one) =>
                  one === kind ? change.target.checked : chosen.includes(one),
                );
                onBrush(values.length > 0 ? { kind: "kinds", values } : null);
              }}
            />
            {formatParam(kind)}
          </label>
        </li>
      ))}
    </ul>
  );
}

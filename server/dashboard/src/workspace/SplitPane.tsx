import { useRef, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useShortcuts } from "../shell/shortcuts";
import { useStored } from "../shell/useStored";

const SHARE_MIN = 0.2;
const SHARE_MAX = 0.7;
const SHARE = 0.32;
const KEY_STEP = 0.02;

interface Pane {
  share: number; // of the page's width
  isClosed: boolean;
}

/** Return the share of a pane, brought within its bounds. */
export function clampShare(share: number): number {
  return Math.min(SHARE_MAX, Math.max(SHARE_MIN, share));
}

/**
 * Two panes with a border that can be dragged; a double click or `[` closes the left one. On a
 * narrow screen there is one at a time, and tabs for both.
 */
export function SplitPane(props: {
  left: ReactNode;
  right: ReactNode;
  leftName: string;
  rightName: string;
}) {
  const { t } = useTranslation();
  const [pane, setPane] = useStored<Pane>("mltrack.pane", { share: SHARE, isClosed: false });
  const [narrow, setNarrow] = useStored<"left" | "right">("mltrack.pane.narrow", "right");
  const host = useRef<HTMLDivElement>(null);
  const share = clampShare(Number(pane.share) || SHARE);
  const toggle = () => setPane({ ...pane, isClosed: !pane.isClosed });
  useShortcuts({ "[": toggle });
  const drag = (event: React.PointerEvent) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId) || !host.current) return;
    const { left, width } = host.current.getBoundingClientRect();
    setPane({ share: clampShare((event.clientX - left) / width), isClosed: false });
  };
  return (
    <div
      ref={host}
      className={`split ${pane.isClosed ? "is-closed" : ""} shows-${narrow}`}
      style={{ "--share": `${share * 100}%` } as React.CSSProperties}
    >
      <div className="split-tabs" role="group" aria-label={t("workspace.panes")}>
        {(["left", "right"] as const).map((side) => (
          <button
            key={side}
            type="button"
            aria-pressed={narrow === side}
            onClick={() => setNarrow(side)}
          >
            {side === "left" ? props.leftName : props.rightName}
          </button>
        ))}
      </div>
      <div className="split-left">{props.left}</div>
      <div
        className="split-border"
        role="separator"
        aria-orientation="vertical"
        aria-label={t("workspace.border")}
        aria-valuemin={SHARE_MIN * 100}
        aria-valuemax={SHARE_MAX * 100}
        aria-valuenow={Math.round(pane.isClosed ? SHARE_MIN * 100 : share * 100)}
        tabIndex={0}
        title={t("workspace.border_hint")}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={drag}
        onDoubleClick={toggle}
        onKeyDown={(event) => {
          const step = { ArrowLeft: -KEY_STEP, ArrowRight: KEY_STEP }[event.key];
          if (step) setPane({ share: clampShare(share + step), isClosed: false });
          else if (event.key === "Enter") toggle();
          else return;
          event.preventDefault();
        }}
      />
      <div className="split-right">{props.right}</div>
    </div>
  );
}

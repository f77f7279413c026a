import { useTranslation } from "react-i18next";

import { Icon } from "../shell/Icon";
import { useShortcuts } from "../shell/shortcuts";
import { nearestIndex } from "./steps";

interface StepSliderProps {
  steps: readonly number[];
  isThinned: boolean;
  /** Null is the newest, whichever that will be. */
  step: number | null;
  onStep: (step: number | null) => void;
  /** The keys ← and → are for this slider, wherever the focus is. */
  hasKeys?: boolean;
}

/** One step for all that is shown; ← and → go to the one before and after. */
export function StepSlider(props: StepSliderProps) {
  const { steps, isThinned, step, onStep, hasKeys = true } = props;
  const { t } = useTranslation();
  const last = steps.length - 1;
  const at = step === null ? last : nearestIndex(steps, step);
  const go = (index: number) => {
    if (index < 0 || index > last) return;
    onStep(index === last ? null : steps[index]!);
  };
  useShortcuts(hasKeys ? { ArrowLeft: () => go(at - 1), ArrowRight: () => go(at + 1) } : {});
  return (
    <div className="toolbar media-steps">
      <label>
        {t("media.step")}
        <input
          type="range"
          min={0}
          max={Math.max(0, last)}
          value={at}
          disabled={last < 1}
          aria-valuetext={String(steps[at] ?? "")}
          onChange={(change) => go(Number(change.target.value))}
        />
      </label>
      <button
        type="button"
        aria-label={t("media.previous")}
        title={t("media.previous")}
        disabled={at <= 0}
        onClick={() => go(at - 1)}
      >
        <Icon name="back" />
      </button>
      <output>{steps[at]?.toLocaleString("en-US")}</output>
      <button
        type="button"
        className="media-next"
        aria-label={t("media.next")}
        title={t("media.next")}
        disabled={at >= last}
        onClick={() => go(at + 1)}
      >
        <Icon name="back" />
      </button>
      <button type="button" aria-pressed={step === null} onClick={() => onStep(null)}>
        {t("media.latest")}
      </button>
      {isThinned && <span className="muted">{t("media.steps_cut")}</span>}
    </div>
  );
}

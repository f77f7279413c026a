// Whether confusion matrices show counts or shares: all of a page alike, and in its address.

import { useCallback } from "react";
import { useTranslation } from "react-i18next";

import { formatCount } from "../api/number";
import { useUrl } from "../shell/useUrl";
import { NORMS, type Norm } from "./confusion";

/** A higher count is written in words of magnitude. */
const SHORT_MAX = 100_000;

export function useNorm(usual: Norm): [Norm, (norm: Norm) => void] {
  const [text, setText] = useUrl("cm");
  const norm = NORMS.find((each) => each === text) ?? usual;
  return [norm, setText]; // said always: another matrix of the page may be used to another
}

/** Return what writes a value: counts short, shares in percent. */
export function useNormText(norm: Norm): (value: number) => string {
  return useCallback(
    (value: number) => {
      if (norm === "count") {
        const isShort = Math.abs(value) < SHORT_MAX;
        const text = isShort ? Math.round(value).toLocaleString("en-US") : formatCount(value);
        return text.replace("-", "−");
      }
      const percent = 100 * value;
      const digits = Math.abs(percent) >= 10 || percent === 0 ? 0 : 1;
      return `${percent.toFixed(digits).replace("-", "−")}%`;
    },
    [norm],
  );
}

export function NormButtons({ norm, onNorm }: { norm: Norm; onNorm: (norm: Norm) => void }) {
  const { t } = useTranslation();
  return (
    <div role="group" aria-label={t("evaluation.norm")} className="segments">
      {NORMS.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === norm}
          title={t(`evaluation.${each}_hint`)}
          onClick={() => onNorm(each)}
        >
          {t(`evaluation.${each}`)}
        </button>
      ))}
    </div>
  );
}

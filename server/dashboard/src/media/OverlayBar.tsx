import { useTranslation } from "react-i18next";

import type { MediaItem } from "../api/types";
import { MASK_ALPHA } from "./overlay";

/** How what lies over images is drawn. */
export interface OverlaySettings {
  alpha: number; // of masks
  score: number; // boxes below it are left out
}

export const USUAL: OverlaySettings = { alpha: MASK_ALPHA, score: 0 };

interface OverlayBarProps {
  items: readonly MediaItem[];
  settings: OverlaySettings;
  onChange: (settings: OverlaySettings) => void;
}

/** How opaque masks are, and how sure a box must be; only what these images have is asked. */
export function OverlayBar({ items, settings, onChange }: OverlayBarProps) {
  const { t } = useTranslation();
  const hasMasks = items.some(({ masks }) => masks.length > 0);
  const scores = items.flatMap(({ boxes }) => boxes.flatMap(({ score }) => score ?? []));
  if (!hasMasks && scores.length === 0) return null;
  const slider = (label: string, value: number, set: (value: number) => void) => (
    <label>
      {label}
      <input
        type="range"
        min={0}
        max={1}
        step={0.05}
        value={value}
        onChange={(change) => set(Number(change.target.value))}
      />
      <output>{value.toFixed(2)}</output>
    </label>
  );
  return (
    <div className="media-settings">
      {hasMasks &&
        slider(t("media.alpha"), settings.alpha, (alpha) => onChange({ ...settings, alpha }))}
      {scores.length > 0 &&
        slider(t("media.score"), settings.score, (score) => onChange({ ...settings, score }))}
    </div>
  );
}

import Dialog from "@mui/material/Dialog";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { PALETTE_KEY, singleKeys } from "./shortcuts";

/** What the pointer does on a chart. */
const POINTER = ["drag", "shift_drag", "wheel", "pan", "double", "alt_click"] as const;

export function KeySheet({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const areOn = useSyncExternalStore(singleKeys.onChange, singleKeys.areOn);
  const keys: [string, string][] = [
    [PALETTE_KEY, t("palette.title")],
    ["/", t("keys.filter")],
    ["j", t("keys.down")],
    ["k", t("keys.up")],
    ["Enter", t("keys.open")],
    [".", t("keys.charts")],
    ["space", t("keys.draw")],
    ["x", t("keys.solo")],
    ["p", t("keys.pin")],
    ["F2", t("keys.edit")],
    ["c", t("keys.compare")],
    ["[", t("keys.pane")],
    ["l", t("keys.log")],
    ["o", t("keys.full")],
    ["s", t("keys.smoothing")],
    ["1 – 6", t("keys.axis")],
    ["f", t("keys.wide")],
    ["n", t("annotate.title")],
    ["g w", t("keys.list")],
    ["g t / c / p / d / m / r / s", t("keys.pages")],
    ["← →", t("keys.step")],
    ["1 – 8", t("keys.tabs")],
    ["n N", t("keys.match")],
    ["0", t("keys.reset")],
    ["Esc", t("keys.escape")],
    ["?", t("keys.help")],
  ];
  return (
    <Dialog open={isOpen} onClose={onClose} aria-labelledby="keys-title">
      <div className="keys">
        <h2 id="keys-title">{t("keys.title")}</h2>
        <dl>
          {keys.map(([key, meaning]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
        <h3>{t("keys.pointer")}</h3>
        <dl>
          {POINTER.map((what) => (
            <div key={what}>
              <dt>{t(`keys.${what}`)}</dt>
              <dd>{t(`keys.${what}_does`)}</dd>
            </div>
          ))}
        </dl>
        <label>
          <input
            type="checkbox"
            checked={areOn}
            onChange={(change) => singleKeys.set(change.target.checked)}
          />
          {t("keys.single")}
        </label>
        <button type="button" className="chip" onClick={onClose}>
          {t("close")}
        </button>
      </div>
    </Dialog>
  );
}

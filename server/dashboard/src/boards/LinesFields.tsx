// What a line chart of a dashboard can be told of smoothing and of groups.

import { useTranslation } from "react-i18next";

import { SPREADS } from "../charts/groups";
import { fieldOfKey } from "../list/rows";
import { KINDS, STOPS, type Kind } from "../series/smoothing";
import { smoothingOf, type Panel, type PanelOf } from "./document";
import { Check, Keys, Select } from "./fields";

const GROUP_KEYS_MAX = 8;

interface LinesFieldsProps {
  panel: PanelOf<"lines">;
  onChange: (panel: Panel) => void;
}

/** How much, and in which way once there is anything. */
export function SmoothingFields({ panel, onChange }: LinesFieldsProps) {
  const { t } = useTranslation();
  const { kind, amount } = smoothingOf(panel);
  const text = (kind: Kind, amount: number) =>
    kind === "twema" || amount === 0
      ? String(amount)
      : t("smoothing.reach", { amount: amount / 10 });
  return (
    <>
      <Select
        label={t("board.smoothing")}
        value={String(amount)}
        options={[...new Set([...STOPS[kind], amount])].map((one) => [
          String(one),
          text(kind, one),
        ])}
        onChange={(one) => onChange({ ...panel, smoothing: Number(one) })}
      />
      {amount > 0 && (
        <Select
          label={t("smoothing.kind")}
          value={kind}
          options={KINDS.map((one) => [one, t(`smoothing.${one}`)])}
          onChange={(next) => {
            const at = STOPS[kind].findLastIndex((stop) => stop <= amount);
            onChange({ ...panel, smoothing_kind: next, smoothing: STOPS[next][at] ?? 0 });
          }}
        />
      )}
    </>
  );
}

/** Whether it draws means of groups, of which, and what their bands are. */
export function GroupFields({ panel, onChange }: LinesFieldsProps) {
  const { t } = useTranslation();
  const { by = null, spread = "range" } = panel;
  return (
    <>
      <Check
        label={t("board.means")}
        isOn={by !== null}
        onChange={(isOn) => onChange({ ...panel, by: isOn ? [] : null })}
      />
      {by !== null && (
        <>
          <Keys
            label={t("board.by")}
            hint={t("board.by_hint")}
            most={GROUP_KEYS_MAX}
            value={by}
            onChange={(keys) =>
              onChange({ ...panel, by: keys.filter((key) => fieldOfKey(key) !== null) })
            }
          />
          <Select
            label={t("view.band")}
            value={spread}
            options={SPREADS.map((one) => [one, t(`view.band_${one}`)])}
            onChange={(one) => onChange({ ...panel, spread: one })}
          />
        </>
      )}
    </>
  );
}

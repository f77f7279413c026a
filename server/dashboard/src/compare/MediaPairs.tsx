import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { MediaRecord } from "../api/types";
import type { ChartRun } from "../charts/ChartCard";
import { ImageSwipe } from "../media/ImageSwipe";
import { LinesDifference } from "../media/LinesDifference";
import type { Side } from "../media/pair";

const KINDS = ["image", "text", "table"] as const;

interface MediaPairsProps {
  chartRuns: readonly ChartRun[];
  /** What each of the runs shows under the name. */
  records: readonly (MediaRecord | undefined)[];
}

/** Two runs' images over each other, and what their texts and tables differ in. */
export function MediaPairs(props: MediaPairsProps) {
  return KINDS.map((kind) => <PairsOf key={kind} kind={kind} {...props} />);
}

/** What stands at one place in the lists of the runs, where two of them have such there. */
function PairsOf({ kind, chartRuns, records }: MediaPairsProps & { kind: (typeof KINDS)[number] }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState(0);
  const longest = Math.max(0, ...records.map((record) => record?.items.length ?? 0));
  const sidesAt = (place: number): Side[] =>
    records.flatMap((record, at) => {
      const item = record?.items[place];
      const { id, label } = chartRuns[at]!;
      return item?.kind === kind && item.file.is_here ? [{ run: id, label, item }] : [];
    });
  const places = Array.from({ length: longest }, (_, place) => place).filter(
    (place) => sidesAt(place).length > 1,
  );
  const place = places.includes(chosen) ? chosen : places[0];
  if (place === undefined) return null;
  const choice = places.length > 1 && (
    <label>
      {t("media.item")}{" "}
      <select value={place} onChange={(change) => setChosen(Number(change.target.value))}>
        {places.map((each) => (
          <option key={each} value={each}>
            {each + 1}
          </option>
        ))}
      </select>
    </label>
  );
  const sides = sidesAt(place);
  return kind === "image" ? (
    <ImageSwipe sides={sides}>{choice}</ImageSwipe>
  ) : (
    <LinesDifference sides={sides} kind={kind}>
      {choice}
    </LinesDifference>
  );
}

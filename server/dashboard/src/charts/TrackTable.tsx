import { useTranslation } from "react-i18next";

import { formatNumber } from "../api/number";
import { formatX, type ChartX } from "./axis";
import { errorOf } from "./groups";
import { fullLabel, type Line } from "./model";

/** The buckets that a chart draws, as rows: for screen readers, and for copying. */
export function TrackTable({ lines, x }: { lines: readonly Line[]; x: ChartX }) {
  const { t } = useTranslation();
  const isGrouped = lines.some(({ track }) => track.group);
  return (
    <div className="track-table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t(`x.${x}`)}</th>
            {lines.length > 1 && <th scope="col">{t("list.name")}</th>}
            <th scope="col">{t("chart.mean")}</th>
            {isGrouped && <th scope="col">{t("chart.sd")}</th>}
            {isGrouped && <th scope="col">{t("chart.sem")}</th>}
            <th scope="col">{t("chart.min")}</th>
            <th scope="col">{t("chart.max")}</th>
            {isGrouped && <th scope="col">{t("chart.runs")}</th>}
            <th scope="col">{t("chart.points")}</th>
          </tr>
        </thead>
        <tbody>
          {lines.flatMap((line) => {
            const { track } = line;
            const { group } = track;
            const errors = group && errorOf(group);
            return Array.from(track.x, (place, index) => (
              <tr
                key={`${track.run} ${track.name} ${track.isSuperseded} ${place}`}
                className={track.isSuperseded ? "muted" : ""}
              >
                <td>{formatX(place, x, true)}</td>
                {lines.length > 1 && <td>{fullLabel(line)}</td>}
                <td>{formatNumber(track.mean[index]!)}</td>
                {group && <td>{formatNumber(group.sd[index]!)}</td>}
                {errors && <td>{formatNumber(errors[index]!)}</td>}
                <td>{formatNumber((group?.low ?? track.min)[index]!)}</td>
                <td>{formatNumber((group?.high ?? track.max)[index]!)}</td>
                {group && <td>{group.counted[index]}</td>}
                <td>{track.counts[index]}</td>
              </tr>
            ));
          })}
        </tbody>
      </table>
    </div>
  );
}

import { useTranslation } from "react-i18next";

import { formatX, type ChartX } from "./axis";
import { fullLabel, type Line } from "./model";
import { formatDistance, PIN_NAMES, PINS_MAX, readPins } from "./pins";
import type { Unit } from "./unit";

/** What each line of a chart says at the pinned cursors, and between two of them the difference. */
export function PinTable(props: {
  name: string;
  lines: readonly Line[];
  pins: readonly number[];
  x: ChartX;
  unit: Unit;
}) {
  const { lines, pins, x, unit } = props;
  const { t } = useTranslation();
  const rows = readPins(lines, pins);
  const text = (value: number | null) => (value === null ? "" : unit.format(value));
  return (
    <div
      className="pin-table"
      tabIndex={0}
      role="region"
      aria-label={t("pins.table", { name: props.name })}
    >
      <table>
        <thead>
          <tr>
            <th scope="col">{t("list.name")}</th>
            {pins.map((pin, at) => (
              <th key={pin} scope="col">
                <b>{PIN_NAMES[at]}</b> {formatX(pin, x, true)}
              </th>
            ))}
            {pins.length === PINS_MAX && (
              <th scope="col">Δ {formatDistance(pins[0]!, pins[1]!, x)}</th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ line, values }) => (
            <tr
              key={`${line.track.run} ${line.track.name} ${line.track.isSuperseded}`}
              className={line.track.isSuperseded ? "muted" : ""}
            >
              <th scope="row">
                <i style={{ background: `var(${line.style.colour})` }} aria-hidden="true" />
                {fullLabel(line)}
              </th>
              {values.map((value, at) => (
                <td key={PIN_NAMES[at]}>{text(value)}</td>
              ))}
              {pins.length === PINS_MAX && <td>{difference(values, unit)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function difference([from, to]: readonly (number | null)[], unit: Unit): string {
  if (from == null || to == null) return "";
  const by = Number((to - from).toPrecision(5));
  return by < 0 ? `−${unit.format(-by)}` : `+${unit.format(by)}`;
}

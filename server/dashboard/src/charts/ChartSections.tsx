// Every metric as a card, in sections by prefix, the most telling first.

import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { sectionsOf } from "../series/metrics";
import type { Window } from "../series/useTracks";
import { Tool } from "../shell/Tool";
import { useStored } from "../shell/useStored";
import { ChartCard, type ChartGroup, type ChartRun } from "./ChartCard";
import type { ChartView } from "./useView";

const CHART_PX = 200;
const WIDE_PX = 420;

/** A section with more charts than this opens when asked: its first screen would be noise. */
const OPEN_MAX = 24;

interface ChartSectionsProps {
  /** Whose pinned charts these are: a project. */
  project: string;
  metrics: readonly string[];
  runs: readonly ChartRun[];
  groups?: readonly ChartGroup[] | null;
  pointsOf: (metric: string) => number;
  view: ChartView;
  onWindow: (window: Window | null) => void;
}

export function ChartSections(props: ChartSectionsProps) {
  const { project, metrics } = props;
  const { t } = useTranslation();
  const [pinned, setPinned] = useStored<string[]>(`mltrack.pinned.${project}`, []);
  const [wide, setWide] = useState<string | null>(null);
  const key = metrics.join("\n");
  // A list of metrics is rebuilt at every notice; its sections change with its members.
  const sections = useMemo(() => sectionsOf(key ? key.split("\n") : []), [key]);
  const onTop = pinned.filter((name) => metrics.includes(name));
  const onPin = (name: string) =>
    setPinned(pinned.includes(name) ? pinned.filter((one) => one !== name) : [...pinned, name]);
  const cardsOf = (names: readonly string[]) => (
    <div className="cards">
      {names.map((name) => (
        <div key={name} className={name === wide ? "cell is-wide" : "cell"}>
          <ChartCard
            name={name}
            runs={props.runs}
            groups={props.groups ?? null}
            points={props.pointsOf(name)}
            view={props.view}
            onWindow={props.onWindow}
            height={name === wide ? WIDE_PX : CHART_PX}
            tools={
              <>
                <Tool
                  icon="expand"
                  label={t("chart.wide")}
                  isOn={name === wide}
                  onClick={() => setWide(name === wide ? null : name)}
                />
                <Tool
                  icon="pin"
                  label={t("chart.pin")}
                  isOn={pinned.includes(name)}
                  onClick={() => onPin(name)}
                />
              </>
            }
          />
        </div>
      ))}
    </div>
  );
  return (
    <>
      {onTop.length > 0 && (
        <details className="section" open>
          <summary>
            <h2>{t("section.pinned")}</h2>
          </summary>
          {cardsOf(onTop)}
        </details>
      )}
      {sections.map((section, index) => (
        <details
          key={section.name}
          className="section"
          open={index < 3 || section.metrics.length <= OPEN_MAX}
        >
          <summary>
            <h2>{section.name || t("section.other")}</h2>
            <span className="muted">{t("section.count", { count: section.metrics.length })}</span>
          </summary>
          {cardsOf(section.metrics.filter((name) => !onTop.includes(name)))}
        </details>
      ))}
    </>
  );
}

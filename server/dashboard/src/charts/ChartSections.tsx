// Every metric as a card, in sections by prefix, the most telling first.

import { lazy, Suspense, useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { familiesOf, sectionsOf, twinsOf, type Family, type Section } from "../series/metrics";
import type { Window } from "../series/useTracks";
import { useShortcuts } from "../shell/shortcuts";
import { Tool } from "../shell/Tool";
import { useStored } from "../shell/useStored";
import { ChartCard, type ChartRun } from "./ChartCard";
import type { Flag } from "./flags";
import type { FootMark } from "./foot/marks";
import type { Grouping } from "./groups";
import type { ChartView } from "./useView";

// Fetched with the first network that has many layers.
const LayerMap = lazy(() => import("./LayerMap").then(({ LayerMap }) => ({ default: LayerMap })));

const CHART_PX = 200;
const WIDE_PX = 420;
const FACET_PX = 150;

/** A section with more charts than this opens when asked: its first screen would be noise. */
const OPEN_MAX = 24;
/** Sections behind so many charts are closed at first, however small they are. */
const OPEN_CHARTS_MAX = 120;
/** A section holds so many charts, and a page so many sections, until more are asked for. */
const CHARTS_AT_ONCE = 60;
const SECTIONS_AT_ONCE = 100;

/** Runs that have their own chart of each metric. */
export interface Facet {
  field: string;
  id: string;
  label: string;
  runs: ReadonlySet<string>;
}

interface ChartSectionsProps {
  /** Whose pinned charts these are: a project. */
  project: string;
  /** Which of its runs the page is about. */
  filter: string;
  metrics: readonly string[];
  runs: readonly ChartRun[];
  /** Means that are drawn instead. */
  grouping?: Grouping | null;
  /** Where there are some, each metric has a chart for each, all on one scale. */
  facets?: readonly Facet[] | null;
  pointsOf: (metric: string) => number;
  /** Whether a run has a metric; where nothing is said, each has all. */
  hasMetric?: (run: string, metric: string) => boolean;
  view: ChartView;
  onWindow: (window: Window | null) => void;
  onPinCursor?: (place: number) => void;
  /** What happened on a metric's way. */
  flagsOf?: (metric: string) => readonly Flag[];
  /** What happened to the runs, for the foot of each chart. */
  foot?: readonly FootMark[];
}

export function ChartSections(props: ChartSectionsProps) {
  const { project, metrics, grouping = null } = props;
  const { t } = useTranslation();
  const [pinned, setPinned] = useStored<string[]>(`mltrack.pinned.${project}`, []);
  const [asLines, setAsLines] = useStored<string[]>(`mltrack.lines.${project}`, []);
  const [wide, setWide] = useState<string | null>(null);
  const key = metrics.join("\n");
  const { isMerged } = props.view;
  // A list of metrics is rebuilt at every notice; its sections change with its members.
  const { sections, twins } = useMemo(() => {
    const names = key ? key.split("\n") : [];
    const twins = isMerged ? twinsOf(names) : new Map<string, string>();
    const merged = new Set(twins.values());
    return { sections: sectionsOf(names.filter((name) => !merged.has(name))), twins };
  }, [key, isMerged]);
  const [sectionsMax, setSectionsMax] = useState(SECTIONS_AT_ONCE);
  const shown = sections.slice(0, sectionsMax);
  const onTop = pinned.filter((name) => metrics.includes(name));
  const onLines = (stem: string) =>
    setAsLines(asLines.includes(stem) ? asLines.filter((one) => one !== stem) : [...asLines, stem]);
  const onPin = (name: string) =>
    setPinned(pinned.includes(name) ? pinned.filter((one) => one !== name) : [...pinned, name]);
  const pinTool = (name: string) => (
    <Tool
      icon="pin"
      label={t("chart.pin")}
      isOn={pinned.includes(name)}
      onClick={() => onPin(name)}
    />
  );
  const shared = (name: string) => ({
    name,
    project,
    filter: props.filter,
    runs: props.runs,
    grouping,
    points: props.pointsOf(name),
    twin: twins.get(name),
    twinPoints: props.pointsOf(twins.get(name) ?? name),
    view: props.view,
    onWindow: props.onWindow,
    onPinCursor: props.onPinCursor,
    flags: props.flagsOf?.(name),
    foot: props.foot,
  });
  const { facets } = props;
  const groupings = useMemo(
    () => new Map(facets?.map((facet) => [facet.id, grouping && { ...grouping, facet }] as const)),
    [facets, grouping],
  );
  const facetsOf = (name: string, some: readonly Facet[]) => (
    <section key={name} className="facets" aria-label={name}>
      <header>
        <h3 title={name}>{name}</h3>
        {pinTool(name)}
      </header>
      <div className="cards">
        {some.map((facet) => (
          <div key={facet.id} className="cell">
            <ChartCard
              {...shared(name)}
              title={facet.label}
              label={`${name}, ${facet.label}`}
              drawn={facet.runs}
              grouping={groupings.get(facet.id) ?? null}
              height={FACET_PX}
            />
          </div>
        ))}
      </div>
    </section>
  );
  const cardsOf = (names: readonly string[]) =>
    facets ? (
      names.map((name) => facetsOf(name, facets))
    ) : (
      <div className="cards">
        {names.map((name) => (
          <div key={name} data-metric={name} className={name === wide ? "cell is-wide" : "cell"}>
            <ChartCard
              {...shared(name)}
              height={name === wide ? WIDE_PX : CHART_PX}
              tools={
                <>
                  <Tool
                    icon="expand"
                    label={t("chart.wide")}
                    isOn={name === wide}
                    onClick={() => setWide(name === wide ? null : name)}
                  />
                  {pinTool(name)}
                </>
              }
            />
          </div>
        ))}
      </div>
    );
  useShortcuts({
    f: () => {
      const cell = document.querySelector<HTMLElement>(
        "[data-metric]:hover, [data-metric]:focus-within",
      );
      const name = cell?.dataset["metric"] ?? null;
      setWide(name === wide ? null : name);
    },
  });
  const familyOf = (family: Family) => {
    const isLines = asLines.includes(family.stem);
    return (
      <div key={family.stem} className="family">
        <Suspense fallback={null}>
          <LayerMap
            family={family}
            runs={props.runs}
            hasMetric={props.hasMetric}
            points={family.metrics.reduce((sum, name) => sum + props.pointsOf(name), 0)}
            view={props.view}
            isLines={isLines}
            onLines={() => onLines(family.stem)}
          />
        </Suspense>
        {isLines && cardsOf(family.metrics)}
      </div>
    );
  };
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
      {shown.map((section, index) => (
        <ChartSection
          key={section.name}
          section={section}
          isOpenAtFirst={isOpenAtFirst(shown, index)}
          leftOut={onTop}
          cardsOf={cardsOf}
          familyOf={facets ? undefined : familyOf}
        />
      ))}
      {sections.length > shown.length && (
        <More
          text={t("section.more_sections", { shown: shown.length, total: sections.length })}
          onClick={() => setSectionsMax(sectionsMax + SECTIONS_AT_ONCE)}
        />
      )}
    </>
  );
}

function isOpenAtFirst(sections: readonly Section[], index: number): boolean {
  if (index < 3) return true;
  const before = sections.slice(0, index).reduce((sum, one) => sum + one.metrics.length, 0);
  const { families, others } = familiesOf(sections[index]!.metrics);
  return families.length + others.length <= OPEN_MAX && before <= OPEN_CHARTS_MAX;
}

/** A section's head, and while it is open its first charts: a closed one costs nothing. */
function ChartSection(props: {
  section: Section;
  isOpenAtFirst: boolean;
  /** Charts that stand elsewhere. */
  leftOut: readonly string[];
  cardsOf: (names: readonly string[]) => ReactNode;
  /** One card for all layers of a network; where nothing is said, each has its own. */
  familyOf: ((family: Family) => ReactNode) | undefined;
}) {
  const { name, metrics } = props.section;
  const { t } = useTranslation();
  const [choice, setChoice] = useState<boolean | null>(null);
  const [chartsMax, setChartsMax] = useState(CHARTS_AT_ONCE);
  const isOpen = choice ?? props.isOpenAtFirst;
  const { familyOf } = props;
  const { families, charts } = useMemo(() => {
    const here = metrics.filter((metric) => !props.leftOut.includes(metric));
    const found = familyOf ? familiesOf(here) : { families: [], others: here };
    return { families: found.families, charts: found.others };
    // A list that is rebuilt at every render has the same members.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [metrics, props.leftOut.join("\n"), familyOf === undefined]);
  return (
    <details
      className="section"
      open={isOpen}
      onToggle={(toggle) => {
        if (toggle.currentTarget.open !== isOpen) setChoice(toggle.currentTarget.open);
      }}
    >
      <summary>
        <h2>{name || t("section.other")}</h2>
        <span className="muted">{t("section.count", { count: metrics.length })}</span>
      </summary>
      {isOpen && families.map((family) => familyOf?.(family))}
      {isOpen && charts.length > 0 && props.cardsOf(charts.slice(0, chartsMax))}
      {isOpen && charts.length > chartsMax && (
        <More
          text={t("section.more_charts", { shown: chartsMax, total: charts.length })}
          onClick={() => setChartsMax(chartsMax + CHARTS_AT_ONCE)}
        />
      )}
    </details>
  );
}

function More({ text, onClick }: { text: string; onClick: () => void }) {
  return (
    <p className="more">
      <button type="button" className="chip" onClick={onClick}>
        {text}
      </button>
    </p>
  );
}

// Every metric as a card, in sections by prefix, the most telling first.

import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { sectionsOf, twinsOf, type Family, type Section } from "../series/metrics";
import type { Window } from "../series/useTracks";
import { useShortcuts } from "../shell/shortcuts";
import { Tool } from "../shell/Tool";
import { useStored } from "../shell/useStored";
import { ArrangeNote } from "./arrange/ArrangeNote";
import { Grip, type WayBack } from "./arrange/Grip";
import { cardsOf, isArranged, ordered, placed, sizeOf } from "./arrange/layout";
import { useArrangement } from "./arrange/useArrangement";
import { ChartCard, type ChartRun } from "./ChartCard";
import { ChartGrid } from "./ChartGrid";
import { ChartSection, itemsOf, More, type Item } from "./ChartSection";
import type { Flag } from "./flags";
import type { FootMark } from "./foot/marks";
import type { Grouping } from "./groups";
import type { ChartView } from "./useView";

const FACET_PX = 150;

/** A section with more charts than this opens when asked: its first screen would be noise. */
const OPEN_MAX = 24;
/** Sections behind so many charts are closed at first, however small they are. */
const OPEN_CHARTS_MAX = 120;
/** A page holds so many sections until more are asked for. */
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
  /** With those that are not looked for: where charts stand does not hang on it. */
  allMetrics: readonly string[];
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
  const arrangement = useArrangement(project);
  const { layout, change } = arrangement;
  const [said, setSaid] = useState("");
  const [sectionsMax, setSectionsMax] = useState(SECTIONS_AT_ONCE);
  const names = sections.map((section) => section.name);
  const shown = ordered(names, layout.sections)
    .slice(0, sectionsMax)
    .map((name) => sections[names.indexOf(name)]!);
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
  const all = useMemo(() => sectionsOf(props.allMetrics), [props.allMetrics.join("\n")]);
  const mapOf = (family: Family) => ({
    family,
    runs: props.runs,
    hasMetric: props.hasMetric,
    points: family.metrics.reduce((sum, name) => sum + props.pointsOf(name), 0),
    view: props.view,
    isLines: asLines.includes(family.stem),
    onLines: () => onLines(family.stem),
  });
  const cardsAutomatic = (section: string): WayBack[] =>
    cardsOf(layout, section).length === 0
      ? []
      : [[t("arrange.cards_automatic"), () => change({ do: "cards_automatic", section })]];
  /** Of null those that are this person's own choice. */
  const cardsIn = (items: readonly Item[], section: string | null) =>
    facets ? (
      items.map(({ name }) => facetsOf(name, facets))
    ) : (
      <ChartGrid
        items={items}
        cardOf={shared}
        mapOf={mapOf}
        pinTool={pinTool}
        wide={wide}
        onWide={setWide}
        sizeOf={(name) => sizeOf(layout, name)}
        onSize={(name, size) => change({ do: "size", name, size })}
        onMove={(name, to) => {
          if (section === null) setPinned(placed(pinned, name, to));
          else change({ do: "card", section, name, to, all: namesIn(all, section) });
        }}
        onSay={setSaid}
        back={section === null ? [] : cardsAutomatic(section)}
      />
    );
  const sectionGrip = ({ name }: Section) => {
    const back = cardsAutomatic(name);
    if (layout.sections.length > 0)
      back.push([t("arrange.sections_automatic"), () => change({ do: "sections_automatic" })]);
    if (isArranged(layout))
      back.push([t("arrange.all_automatic"), () => change({ do: "all_automatic" })]);
    const names = all.map((section) => section.name);
    return (
      <Grip
        name={name}
        label={name || t("section.other")}
        siblings={shown.map((section) => section.name)}
        onMove={(to) => change({ do: "section", name, to, all: names })}
        onSay={setSaid}
        back={back}
      />
    );
  };
  useShortcuts({
    f: () => {
      const cell = document.querySelector<HTMLElement>(
        "[data-metric]:hover, [data-metric]:focus-within",
      );
      const name = cell?.dataset["metric"] ?? null;
      setWide(name === wide ? null : name);
    },
  });
  // Nothing is drawn here and then there.
  if (!arrangement.isKnown) return null;
  return (
    <>
      {onTop.length > 0 && (
        <details className="section" open>
          <summary>
            <h2>{t("section.pinned")}</h2>
          </summary>
          {cardsIn(
            onTop.map((name) => ({ name })),
            null,
          )}
        </details>
      )}
      <div className="sections">
        {shown.map((section, index) => (
          <ChartSection
            key={section.name}
            section={section}
            isOpenAtFirst={isOpenAtFirst(shown, index)}
            leftOut={onTop}
            own={cardsOf(layout, section.name)}
            hasFamilies={!facets}
            itemsOf={(items) => cardsIn(items, section.name)}
            tools={sectionGrip(section)}
          />
        ))}
      </div>
      {sections.length > shown.length && (
        <More
          text={t("section.more_sections", { shown: shown.length, total: sections.length })}
          onClick={() => setSectionsMax(sectionsMax + SECTIONS_AT_ONCE)}
        />
      )}
      <ArrangeNote arrangement={arrangement} />
      <p className="only-said" role="status">
        {said}
      </p>
    </>
  );
}

/** Return all that can stand in a section, in the automatic order. */
function namesIn(sections: readonly Section[], name: string): string[] {
  const metrics = sections.find((section) => section.name === name)?.metrics ?? [];
  return itemsOf(metrics, true).map((item) => item.name);
}

function isOpenAtFirst(sections: readonly Section[], index: number): boolean {
  if (index < 3) return true;
  const before = sections.slice(0, index).reduce((sum, one) => sum + one.metrics.length, 0);
  return itemsOf(sections[index]!.metrics, true).length <= OPEN_MAX && before <= OPEN_CHARTS_MAX;
}

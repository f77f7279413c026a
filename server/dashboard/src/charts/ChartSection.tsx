import { useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { familiesOf, type Family, type Section } from "../series/metrics";
import { ordered } from "./arrange/layout";

/** A section holds so many charts until more are asked for. */
const CHARTS_AT_ONCE = 60;

/** Something that has a place of its own in a section. */
export interface Item {
  /** What its place is known by: a metric's name, or what its layers have in common. */
  name: string;
  /** One card for all layers of a network. */
  family?: Family;
}

/** Return what stands in a section of these metrics, in the automatic order. */
export function itemsOf(metrics: readonly string[], hasFamilies: boolean): Item[] {
  if (!hasFamilies) return metrics.map((name) => ({ name }));
  const { families, others } = familiesOf(metrics);
  return [
    ...families.map((family) => ({ name: `${family.stem}*`, family })),
    ...others.map((name) => ({ name })),
  ];
}

/** A section's head, and while it is open its first charts: a closed one costs nothing. */
export function ChartSection(props: {
  section: Section;
  isOpenAtFirst: boolean;
  /** Charts that stand elsewhere. */
  leftOut: readonly string[];
  /** Charts that come first. */
  own: readonly string[];
  hasFamilies: boolean;
  itemsOf: (items: readonly Item[]) => ReactNode;
  /** Beside the head. */
  tools?: ReactNode;
}) {
  const { name, metrics } = props.section;
  const { own, hasFamilies } = props;
  const { t } = useTranslation();
  const [choice, setChoice] = useState<boolean | null>(null);
  const [chartsMax, setChartsMax] = useState(CHARTS_AT_ONCE);
  const isOpen = choice ?? props.isOpenAtFirst;
  const items = useMemo(() => {
    const here = metrics.filter((metric) => !props.leftOut.includes(metric));
    const items = new Map(itemsOf(here, hasFamilies).map((item) => [item.name, item]));
    return ordered([...items.keys()], own).map((each) => items.get(each)!);
    // A list that is rebuilt at every render has the same members.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [metrics, props.leftOut.join("\n"), own, hasFamilies]);
  return (
    <div className="section-frame" data-arranged={name}>
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
        {isOpen && items.length > 0 && props.itemsOf(items.slice(0, chartsMax))}
        {isOpen && items.length > chartsMax && (
          <More
            text={t("section.more_charts", { shown: chartsMax, total: items.length })}
            onClick={() => setChartsMax(chartsMax + CHARTS_AT_ONCE)}
          />
        )}
      </details>
      <span className="section-tools" data-arranged-at>
        {props.tools}
      </span>
    </div>
  );
}

export function More({ text, onClick }: { text: string; onClick: () => void }) {
  return (
    <p className="more">
      <button type="button" className="chip" onClick={onClick}>
        {text}
      </button>
    </p>
  );
}

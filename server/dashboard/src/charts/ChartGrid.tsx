// Charts of one section beside each other, each with what moves and resizes it.

import { lazy, Suspense, type ComponentProps, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Family } from "../series/metrics";
import { Tool } from "../shell/Tool";
import { Corner } from "./arrange/Corner";
import { Grip, type WayBack } from "./arrange/Grip";
import type { Size, Spot } from "./arrange/layout";
import { ChartCard } from "./ChartCard";
import type { Item } from "./ChartSection";

// Fetched with the first network that has many layers.
const LayerMap = lazy(() => import("./LayerMap").then(({ LayerMap }) => ({ default: LayerMap })));

const CHART_PX = 200;
const LARGE_PX = 320;
const WIDE_PX = 420;

interface ChartGridProps {
  items: readonly Item[];
  cardOf: (name: string) => Omit<ComponentProps<typeof ChartCard>, "height">;
  mapOf: (family: Family) => Omit<ComponentProps<typeof LayerMap>, "tools">;
  pinTool: (name: string) => ReactNode;
  /** The chart that this person looks at closely for now. */
  wide: string | null;
  onWide: (name: string | null) => void;
  sizeOf: (name: string) => Size;
  onSize: (name: string, size: Size) => void;
  onMove: (name: string, to: Spot) => void;
  /** Told where a chart has come to, in words. */
  onSay: (text: string) => void;
  back: readonly WayBack[];
}

export function ChartGrid(props: ChartGridProps) {
  const { items, wide } = props;
  const { t } = useTranslation();
  const siblings = items.map((item) => item.name);
  const place = (name: string, label: string) => ({
    ...{ name, label, siblings, back: props.back, onSay: props.onSay },
    onMove: (to: Spot) => props.onMove(name, to),
  });
  const cell = (name: string, isArrangeable: boolean) => {
    const isWide = name === wide;
    const size = props.sizeOf(name);
    const onSize = (next: Size) => props.onSize(name, next);
    return (
      <div
        key={name}
        data-metric={name}
        data-size={size}
        data-arranged={isArrangeable ? name : undefined}
        className={isWide ? "cell is-wide" : "cell"}
      >
        <ChartCard
          {...props.cardOf(name)}
          height={isWide ? WIDE_PX : size === "large" ? LARGE_PX : CHART_PX}
          tools={
            <>
              <Tool
                icon="expand"
                label={t("chart.wide")}
                isOn={isWide}
                onClick={() => props.onWide(isWide ? null : name)}
              />
              {props.pinTool(name)}
              {isArrangeable && <Grip {...place(name, name)} size={size} onSize={onSize} />}
            </>
          }
        />
        {isArrangeable && !isWide && <Corner size={size} onSize={onSize} />}
      </div>
    );
  };
  const layers = (name: string, family: Family) => {
    const map = props.mapOf(family);
    return (
      <div key={name} className="cell family is-wide" data-arranged={name}>
        <Suspense fallback={null}>
          <LayerMap {...map} tools={<Grip {...place(name, family.stem)} />} />
        </Suspense>
        {map.isLines && (
          <div className="cards">{family.metrics.map((one) => cell(one, false))}</div>
        )}
      </div>
    );
  };
  return (
    <div className="cards">
      {items.map(({ name, family }) => (family ? layers(name, family) : cell(name, true)))}
    </div>
  );
}

import { useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { MediaItem, MediaRecord } from "../api/types";
import { ConfusionItem } from "../evaluation/ConfusionItem";
import { CurvesItem } from "../evaluation/CurvesItem";
import { ImageItem } from "./ImageItem";
import { legendOf } from "./legend";
import { OverlayBar, USUAL, type OverlaySettings } from "./OverlayBar";
import { AudioItem } from "./AudioItem";
import { TableItem } from "./TableItem";
import { TextItem } from "./TextItem";

const SMALL_PX = 64;

interface MediaSectionProps {
  run: string;
  record: MediaRecord;
  /** The step that was asked for; the record's own may be an earlier one. */
  step: number;
  /** What stands above it, and what it is called; the record's name where nothing is said. */
  title?: ReactNode;
  label?: string;
}

/** What one name shows: its items, and a legend that switches boxes and classes off and on. */
export function MediaSection({ run, record, step, title, label }: MediaSectionProps) {
  const { t } = useTranslation();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [settings, setSettings] = useState(USUAL);
  const legend = useMemo(() => legendOf(record.items), [record.items]);
  const toggle = (key: string) => {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    setHidden(next);
  };
  return (
    <section className="card media-section" aria-label={label ?? record.name}>
      <header className="card-header">
        <h3>{title ?? record.name}</h3>
        <span className="muted">
          {t("media.items", { count: record.items.length })}
          {record.step !== step &&
            ` · ${t("media.at_step", { step: record.step.toLocaleString("en-US") })}`}
        </span>
      </header>
      {legend.length > 0 && (
        <div role="group" aria-label={t("media.classes")} className="media-legend">
          {legend.map((entry) => (
            <button
              key={entry.key}
              type="button"
              aria-pressed={!hidden.has(entry.key)}
              onClick={() => toggle(entry.key)}
            >
              <span style={{ background: `var(${entry.colour})` }} />
              {entry.label}
            </button>
          ))}
        </div>
      )}
      <OverlayBar items={record.items} settings={settings} onChange={setSettings} />
      <div className="media-grid" data-small={areSmall(record.items)}>
        {record.items.map((item, index) => (
          <figure key={`${identityOf(item)} ${index}`} className={`media-item is-${item.kind}`}>
            {item.file.is_here ? (
              <Shown {...{ run, item, legend, hidden, settings }} name={record.name} />
            ) : (
              <p className="media-waiting">{t("media.waiting")}</p>
            )}
            {item.caption && <figcaption>{item.caption}</figcaption>}
          </figure>
        ))}
      </div>
    </section>
  );
}

/** What stays what it is at the next step: a matrix does, with what was opened and chosen of it. */
function identityOf({ kind, file }: MediaItem): string {
  return kind === "confusion" || kind === "roc" || kind === "pr" ? kind : file.sha256;
}

/** Tell whether all are images so small that many fit beside each other. */
function areSmall(items: readonly MediaItem[]): boolean {
  return items.every(({ kind, width }) => kind === "image" && width > 0 && width <= SMALL_PX);
}

interface ShownProps {
  run: string;
  item: MediaItem;
  legend: ReturnType<typeof legendOf>;
  hidden: ReadonlySet<string>;
  settings: OverlaySettings;
  name: string;
}

function Shown(props: ShownProps) {
  const { run, item, name } = props;
  switch (item.kind) {
    case "image":
      return <ImageItem {...props} />;
    case "audio":
      return <AudioItem run={run} item={item} name={name} />;
    case "table":
      return <TableItem run={run} item={item} name={name} />;
    case "confusion":
      return <ConfusionItem run={run} item={item} name={name} />;
    case "roc":
    case "pr":
      return <CurvesItem run={run} item={item} kind={item.kind} name={name} />;
    default:
      return <TextItem run={run} item={item} />;
  }
}

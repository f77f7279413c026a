import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { mediaUrl } from "../api/client";
import { usePair, type Side } from "./pair";

/** An image narrower than this is shown larger than it is, pixel by pixel. */
const SMALL_PX = 160;

/** One run's image over another's, as far as a slider uncovers it. */
export function ImageSwipe(props: { sides: readonly Side[]; children?: ReactNode }) {
  const { sides } = props;
  const { t } = useTranslation();
  const [share, setShare] = useState(50);
  const [a, b, choice] = usePair(sides, "↔");
  const { width, height } = a.item;
  const image = ({ run, item, label }: Side) => (
    <img src={mediaUrl(run, item.file.sha256)} alt={item.caption || label} />
  );
  return (
    <section className="card media-section media-swipe" aria-label={t("media.swipe")}>
      <header className="card-header">
        <h3>{t("media.swipe")}</h3>
        {choice}
        {props.children}
      </header>
      <div
        className="media-swipe-images"
        data-small={width > 0 && width < SMALL_PX}
        style={width && height ? { aspectRatio: `${width} / ${height}` } : {}}
      >
        {image(a)}
        <div className="media-swipe-over" style={{ clipPath: `inset(0 0 0 ${share}%)` }}>
          {image(b)}
        </div>
        <span className="media-swipe-line" style={{ left: `${share}%` }} />
        <input
          type="range"
          min={0}
          max={100}
          value={share}
          aria-label={t("media.uncovered")}
          aria-valuetext={t("media.uncovered_share", { share, first: a.label, second: b.label })}
          onChange={(change) => setShare(Number(change.target.value))}
        />
      </div>
    </section>
  );
}

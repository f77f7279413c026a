import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";

import { mediaUrl } from "../api/client";
import type { MediaItem } from "../api/types";
import type { LegendEntry } from "./legend";
import { drawBoxes, drawMask, sureBoxes } from "./overlay";
import type { OverlaySettings } from "./OverlayBar";
import { useMasks } from "./useMasks";
import { useOverlay, type Paint } from "./useOverlay";

/** An image narrower than this is shown larger than it is, pixel by pixel. */
const SMALL_PX = 160;

interface ImageItemProps {
  run: string;
  item: MediaItem;
  legend: readonly LegendEntry[];
  hidden: ReadonlySet<string>;
  settings: OverlaySettings;
  name: string;
}

/** An image; over it, on a canvas, its boxes and masks. A click opens it by itself. */
export function ImageItem(props: ImageItemProps) {
  const { run, item, legend, hidden, settings, name } = props;
  const { t } = useTranslation();
  const [natural, setNatural] = useState<[width: number, height: number]>([
    item.width,
    item.height,
  ]);
  const [width, height] = natural;
  const url = mediaUrl(run, item.file.sha256);
  const isSmall = width > 0 && width < SMALL_PX;
  return (
    <a
      className="media-image"
      href={url}
      target="_blank"
      rel="noopener noreferrer"
      title={t("media.open")}
      data-small={isSmall}
    >
      <img
        src={url}
        loading="lazy"
        alt={item.caption || name}
        style={width && height ? { aspectRatio: `${width} / ${height}` } : {}}
        onLoad={({ currentTarget: image }) => setNatural([image.naturalWidth, image.naturalHeight])}
      />
      {width > 0 && (item.boxes.length > 0 || item.masks.length > 0) && (
        <Overlay {...{ run, item, legend, hidden, settings, width }} />
      )}
    </a>
  );
}

interface OverlayProps extends Omit<ImageItemProps, "name"> {
  width: number;
}

function Overlay({ run, item, legend, hidden, settings, width }: OverlayProps) {
  const { alpha, score } = settings;
  const masks = useMasks(run, item.masks);
  const paint = useCallback<Paint>(
    (context, shownWidth, shownHeight, ink) => {
      const colours = new Map(
        legend
          .filter((entry) => !hidden.has(entry.key))
          .map((entry) => [entry.key, ink(entry.colour)] as const),
      );
      for (const [mask, pixels] of masks) {
        drawMask(context, mask, pixels, colours, shownWidth, shownHeight, alpha);
      }
      drawBoxes(
        context,
        sureBoxes(item.boxes, score),
        colours,
        shownWidth / width,
        ink("--surface"),
      );
    },
    [alpha, hidden, item.boxes, legend, masks, score, width],
  );
  return <canvas ref={useOverlay(paint)} aria-hidden="true" />;
}

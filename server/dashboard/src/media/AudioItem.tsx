import { useTranslation } from "react-i18next";

import { mediaUrl } from "../api/client";
import type { MediaItem } from "../api/types";

/** A player; nothing is fetched before it is played. */
export function AudioItem({ run, item, name }: { run: string; item: MediaItem; name: string }) {
  const { t } = useTranslation();
  return (
    <>
      <audio
        controls
        preload="none"
        src={mediaUrl(run, item.file.sha256)}
        aria-label={item.caption || name}
      />
      {item.seconds > 0 && (
        <span className="muted">
          {t("media.seconds", { seconds: Number(item.seconds.toPrecision(3)) })}
        </span>
      )}
    </>
  );
}

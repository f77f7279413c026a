import { lazy, Suspense, useContext, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { mediaUrl } from "../api/client";
import type { MediaItem } from "../api/types";
import { AllLive } from "../charts/live";
import { Icon } from "../shell/Icon";
import { BYTES_MAX, SECONDS_MAX } from "./waveform";

const Waveform = lazy(() => import("./Waveform").then(({ Waveform }) => ({ default: Waveform })));

/** A player; nothing is fetched before it is played, or its waveform is asked for. */
export function AudioItem({ run, item, name }: { run: string; item: MediaItem; name: string }) {
  const { t } = useTranslation();
  const player = useRef<HTMLAudioElement>(null);
  const [isDrawn, setDrawn] = useState(false);
  const isOnPaper = useContext(AllLive);
  const address = mediaUrl(run, item.file.sha256);
  const label = item.caption || name;
  const isShort = item.seconds <= SECONDS_MAX && item.file.bytes <= BYTES_MAX;
  return (
    <>
      {isDrawn && (
        <Suspense fallback={null}>
          <Waveform address={address} label={label} player={player} />
        </Suspense>
      )}
      <audio ref={player} controls preload="none" src={address} aria-label={label} />
      <span className="audio-foot muted">
        {item.seconds > 0 && t("media.seconds", { seconds: Number(item.seconds.toPrecision(3)) })}
        {isShort && !isOnPaper && (
          <button
            type="button"
            className="chip"
            aria-pressed={isDrawn}
            onClick={() => setDrawn(!isDrawn)}
          >
            <Icon name="pulse" /> {t("media.waveform")}
          </button>
        )}
      </span>
    </>
  );
}

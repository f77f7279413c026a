import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState, type RefObject } from "react";
import { useTranslation } from "react-i18next";

import type { Pen } from "../pictures/pen";
import { useCanvas } from "../pictures/useCanvas";
import { ink } from "../shell/theme";
import { fetchWaveform, seekOf, type Waveform as Picture } from "./waveform";

const HEIGHT_PX = 64;

interface WaveformProps {
  address: string;
  label: string;
  player: RefObject<HTMLAudioElement | null>;
}

/** A sound's picture, on which a click or the arrow keys go to a place of it. */
export function Waveform({ address, label, player }: WaveformProps) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ["waveform", address],
    queryFn: ({ signal }) => fetchWaveform(address, signal),
    staleTime: Infinity, // its bytes never change
    retry: false,
  });
  if (query.error)
    return (
      <p className="muted" role="alert">
        {t("media.no_waveform", { reason: query.error.message })}
      </p>
    );
  if (!query.data) return <div className="waveform-waiting muted">{t("loading")}</div>;
  return <Slider picture={query.data} label={label} player={player} />;
}

function Slider(props: { picture: Picture; label: string; player: WaveformProps["player"] }) {
  const { picture, player } = props;
  const { t } = useTranslation();
  const [at, setAt] = useState(player.current?.currentTime ?? 0);
  const isHeld = useRef(false);
  useEffect(() => {
    const audio = player.current;
    if (!audio) return;
    const follow = () => setAt(audio.currentTime);
    audio.addEventListener("timeupdate", follow);
    return () => audio.removeEventListener("timeupdate", follow);
  }, [player]);
  const goTo = (seconds: number) => {
    setAt(seconds);
    if (player.current) player.current.currentTime = seconds;
  };
  const goToPointer = (event: React.PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - left) / width, 0), 1);
    goTo(share * picture.seconds);
  };
  const toggle = () => {
    const audio = player.current;
    if (audio?.paused)
      void audio.play().catch(() => undefined); // the player says why
    else audio?.pause();
  };
  const draw = useCallback(
    (context: Pen, width: number, height: number) => {
      const { low, high } = picture;
      const y = (value: number) => ((1 - value) / 2) * height;
      context.fillStyle = ink("--hue-0");
      const column = width / high.length;
      high.forEach((most, place) => {
        const top = y(most);
        // Silence is a line, and no picture is lighter than a pixel.
        const tall = Math.max(1, y(low[place]!) - top);
        context.fillRect(place * column, top, Math.max(1, column), tall);
      });
    },
    [picture],
  );
  const canvas = useCanvas(draw, HEIGHT_PX);
  const said = t("media.at_second", { at: at.toFixed(2), seconds: picture.seconds.toFixed(2) });
  return (
    <div
      className="waveform"
      role="slider"
      tabIndex={0}
      aria-label={t("media.waveform_of", { name: props.label })}
      aria-valuemin={0}
      aria-valuemax={picture.seconds}
      aria-valuenow={at}
      aria-valuetext={said}
      title={t("media.waveform_hint")}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        isHeld.current = true;
        goToPointer(event);
      }}
      onPointerMove={(event) => isHeld.current && goToPointer(event)}
      onPointerUp={() => (isHeld.current = false)}
      onPointerCancel={() => (isHeld.current = false)}
      onKeyDown={(event) => {
        if (event.altKey || event.ctrlKey || event.metaKey) return;
        const to = seekOf(event.key, at, picture.seconds);
        if (to !== null) goTo(to);
        else if (event.key === " ") toggle();
        else return;
        event.preventDefault();
        event.stopPropagation(); // the page's arrow keys go to other steps
      }}
    >
      <canvas ref={canvas} style={{ height: HEIGHT_PX }} />
      <span className="waveform-at" style={{ left: `${(100 * at) / picture.seconds}%` }} />
    </div>
  );
}

import { useEffect, useState } from "react";

import { mediaUrl } from "../api/client";
import type { MediaMask } from "../api/types";

export type LoadedMask = readonly [mask: MediaMask, pixels: ImageData];

/** The masks that have arrived, as pixels whose red is the class. */
export function useMasks(run: string, masks: readonly MediaMask[]): readonly LoadedMask[] {
  const [loaded, setLoaded] = useState<readonly LoadedMask[]>([]);
  useEffect(() => {
    let isOver = false;
    const here = masks.filter((mask) => mask.file.is_here);
    void Promise.all(here.map((mask) => pixelsOf(mediaUrl(run, mask.file.sha256)))).then(
      (pixels) => {
        if (isOver) return;
        setLoaded(
          here.flatMap((mask, index) => {
            const found = pixels[index];
            return found ? [[mask, found] as const] : [];
          }),
        );
      },
    );
    return () => {
      isOver = true;
    };
  }, [run, masks]);
  return loaded;
}

async function pixelsOf(url: string): Promise<ImageData | null> {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    return null; // no image after all: what is under it is shown
  }
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

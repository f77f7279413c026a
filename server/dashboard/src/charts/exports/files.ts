// Files that the browser makes and the person keeps.

/** Pixels of the PNG to one of the SVG: sharp in print and on fine screens. */
const PNG_SCALE = 2;

/** Return a name for a file of *name*: "val/loss" → "val-loss.csv". */
export function fileName(name: string, extension: string): string {
  const stem = name.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 100);
  return `${stem.replace(/^[.-]+/, "") || "chart"}.${extension}`;
}

/** Offer *content* as a download. */
export function download(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The click has begun the download, which holds what it needs.
  setTimeout(() => URL.revokeObjectURL(link.href));
}

/** Return the picture *svg*, of so many pixels, as a PNG. */
export async function pngOf(svg: string, width: number, height: number): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = width * PNG_SCALE;
    canvas.height = height * PNG_SCALE;
    canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
    const png = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    if (!png) throw new Error("the browser made no PNG of the chart");
    return png;
  } finally {
    URL.revokeObjectURL(url);
  }
}

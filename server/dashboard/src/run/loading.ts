// What to type to have a checkpoint's weights again.

import type { CheckpointSummary } from "../api/types";

/** How files of these endings are read; *path* is an expression. */
const READERS: readonly (readonly [ending: RegExp, module: string, (path: string) => string])[] = [
  [/\.(pt|pth|ckpt|bin)$/, "torch", (path) => `torch.load(${path}, map_location="cpu")`],
  [
    /\.weights\.h5$/,
    "",
    (path) => `model.load_weights(${path})  # of a model that is built already`,
  ],
  [/\.(keras|h5)$/, "keras", (path) => `keras.models.load_model(${path})`],
  [/\.safetensors$/, "safetensors.torch", (path) => `safetensors.torch.load_file(${path})`],
];

/**
 * Return the lines of Python that load a checkpoint: where its bytes are stored they are downloaded,
 * else the file is read where it was written.
 */
export function loadingOf(run: string, checkpoint: CheckpointSummary): string {
  const { path, status, id, is_folder } = checkpoint;
  const reader = is_folder ? undefined : READERS.find(([ending]) => ending.test(path));
  const module = reader?.[1];
  const isStored = status === "stored";
  const imports = [isStored ? "import mltrack" : "", module ? `import ${module}` : ""];
  const place = isStored
    ? `mltrack.open().run("${run}").checkpoint("${id}").download()`
    : JSON.stringify(path);
  const lines = [
    ...imports.filter(Boolean),
    ...(imports.some(Boolean) ? [""] : []),
    `path = ${place}`,
  ];
  if (reader) lines.push(reader[1] ? `state = ${reader[2]("path")}` : reader[2]("path"));
  return lines.join("\n");
}

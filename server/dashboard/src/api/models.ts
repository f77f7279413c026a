// The model registry, asked.

import { ask, get, parsed, post } from "./ask";
import type {
  AliasMove,
  CardSave,
  Model,
  ModelCard,
  ModelList,
  ModelMentions,
  ModelRename,
  Registered,
  Registration,
} from "./types";

export function fetchModels(project: string, signal?: AbortSignal): Promise<ModelList> {
  return get(`/models?${new URLSearchParams({ project }).toString()}`, signal);
}

/** The models of a project that were deleted, and can be restored. */
export function fetchDeletedModels(project: string, signal?: AbortSignal): Promise<ModelList> {
  return get(`/models?${new URLSearchParams({ project, deleted: "true" }).toString()}`, signal);
}

/** A project's model by its name, or by one that it had; null where there is none such. */
export async function fetchModel(
  project: string,
  name: string,
  signal?: AbortSignal,
): Promise<Model | null> {
  const query = new URLSearchParams({ project, name: name.slice(0, 128) });
  const { models } = await get<ModelList>(`/models?${query.toString()}`, signal);
  return models[0] ? get(`/models/${models[0].id}`, signal) : null;
}

/** Which of a run's checkpoints are versions of models. */
export function fetchMentions(run: string, signal?: AbortSignal): Promise<ModelMentions> {
  return get(`/runs/${run}/models`, signal);
}

export async function registerCheckpoint(made: Registration): Promise<Registered> {
  return parsed(await post("/models", made));
}

/** Point an alias elsewhere; status 409 where somebody has moved it since `expected`. */
export function moveAlias(id: string, alias: string, move: AliasMove): Promise<Model> {
  return put(`/models/${id}/aliases/${encodeURIComponent(alias)}`, move);
}

/** Save the card's next version; status 409 where somebody saved one since. */
export function saveCard(id: string, save: CardSave): Promise<ModelCard> {
  return put(`/models/${id}/card`, save);
}

/** Delete a version, or put it back. */
export async function deleteVersion(id: string, version: number, isBack: boolean): Promise<void> {
  const path = `/models/${id}/versions/${version}`;
  if (isBack) await ask(`${path}/restore`, { method: "POST" });
  else await ask(path, { method: "DELETE" });
}

/** Call a model something else; status 409 where another one has the name. */
export function renameModel(id: string, change: ModelRename): Promise<Model> {
  return send("PATCH", `/models/${id}`, change);
}

/** Delete a model with all of its versions, for 30 days to be restored. */
export async function discardModel(id: string): Promise<void> {
  await ask(`/models/${id}`, { method: "DELETE" });
}

export async function restoreModel(id: string): Promise<void> {
  await ask(`/models/${id}/restore`, { method: "POST" });
}

function put<T>(path: string, body: unknown): Promise<T> {
  return send("PUT", path, body);
}

async function send<T>(method: string, path: string, body: unknown): Promise<T> {
  const headers = { "content-type": "application/json" };
  return parsed(await ask(path, { method, headers, body: JSON.stringify(body) }));
}

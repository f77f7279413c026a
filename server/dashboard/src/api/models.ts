// The model registry, asked.

import { ask, get, parsed, post } from "./ask";
import type {
  AliasMove,
  CardSave,
  Model,
  ModelCard,
  ModelList,
  ModelMentions,
  Registered,
  Registration,
} from "./types";

export function fetchModels(project: string, signal?: AbortSignal): Promise<ModelList> {
  return get(`/models?${new URLSearchParams({ project }).toString()}`, signal);
}

/** A project's model by its name; null where there is none such. */
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

async function put<T>(path: string, body: unknown): Promise<T> {
  const headers = { "content-type": "application/json" };
  return parsed(await ask(path, { method: "PUT", headers, body: JSON.stringify(body) }));
}

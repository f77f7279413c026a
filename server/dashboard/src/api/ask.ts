// How the server is asked, and what it means when no answer comes, or one that is none.

import i18next from "i18next";

import { explained, type QueryProblem } from "./queryProblem";

export const ROOT = "/api/v1";

/** An answer that is not a success, and what the server says about it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: QueryProblem | null,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** The id to look for in the server's log; "" where there is none. */
  get request(): string {
    return this.problem?.request ?? "";
  }
}

/** Tell whether the server has nothing of this id, or it is none: it was cut off, or mistyped. */
export function isMissing(error: unknown): boolean {
  return error instanceof ApiError && [404, 422].includes(error.status);
}

export async function ask(path: string, init: RequestInit): Promise<Response> {
  const early = init.method === undefined ? await askedAhead(path) : null;
  const answer =
    early ?? (await fetch(ROOT + path, { credentials: "same-origin", ...init }).catch(inWords));
  if (answer.ok) return answer;
  const problem = await readProblem(answer);
  throw new ApiError(
    answer.status,
    problem,
    (problem && explained(problem)) ||
      problem?.detail ||
      problem?.title ||
      answer.statusText ||
      String(answer.status),
  );
}

/** Answers by path that public/ahead.js has asked for before this program was there. */
const ahead = (globalThis as { ahead?: Map<string, Promise<Response>> }).ahead;
/** The feed tells of nothing that happened before it began: nobody takes an answer of long ago. */
const AHEAD_MS_MAX = 10_000;

/** Return the answer that was asked for ahead, once, if it is a success and of just now. */
async function askedAhead(path: string): Promise<Response | null> {
  const asked = ahead?.get(path);
  if (!asked) return null;
  ahead?.delete(path);
  if (performance.now() > AHEAD_MS_MAX) return null;
  const answer = await asked.catch(() => null);
  return answer?.ok ? answer : null;
}

async function readProblem(answer: Response): Promise<QueryProblem | null> {
  if (!answer.headers.get("content-type")?.includes("json")) return null;
  try {
    return (await answer.json()) as QueryProblem;
  } catch {
    return null; // cut off on the way; the status says enough
  }
}

/** Return what *answer* holds. */
export function parsed<T>(answer: Response): Promise<T> {
  return (answer.json() as Promise<T>).catch(inWords);
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return parsed(await ask(path, signal ? { signal } : {}));
}

export function post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  return ask(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
}

/** Say what browsers have words of their own for: nobody answered, or not what was asked. */
export function inWords(error: unknown): never {
  if (error instanceof TypeError)
    throw new Error(i18next.t("failed_unreachable"), { cause: error });
  if (error instanceof SyntaxError || error instanceof RangeError)
    throw new Error(i18next.t("failed_garbled"), { cause: error });
  throw error; // given up, because nobody waits for it any more
}

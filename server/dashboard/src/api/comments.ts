// Comments on the blocks of a report, asked.

import { ask, get, parsed, post } from "./ask";
import type { CommentThread, CommentThreads, NewComment, ThreadMark } from "./types";

export function fetchComments(report: string, signal?: AbortSignal): Promise<CommentThreads> {
  return get(`/dashboards/${report}/comments`, signal);
}

export async function addComment(report: string, made: NewComment): Promise<CommentThread> {
  return parsed(await post(`/dashboards/${report}/comments`, made));
}

/** Remove a comment; status 409 where another person wrote it. */
export async function removeComment(
  report: string,
  comment: string,
  author: string,
): Promise<CommentThread> {
  const query = new URLSearchParams({ author }).toString();
  return parsed(
    await ask(`/dashboards/${report}/comments/${comment}?${query}`, { method: "DELETE" }),
  );
}

/** Resolve what was said of a block, or open it again. */
export async function markThread(
  report: string,
  block: string,
  mark: ThreadMark,
): Promise<CommentThread> {
  const headers = { "content-type": "application/json" };
  return parsed(
    await ask(`/dashboards/${report}/threads/${block}`, {
      method: "PUT",
      headers,
      body: JSON.stringify(mark),
    }),
  );
}

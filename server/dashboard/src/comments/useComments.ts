import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { addComment, fetchComments, markThread, removeComment } from "../api/comments";
import type { CommentThread } from "../api/types";

/** What was said of a report's blocks: by block. Asked anew whenever somebody comes back to it. */
export function useThreads(report: string, isWanted: boolean) {
  return useQuery({
    queryKey: ["comments", report],
    queryFn: ({ signal }) => fetchComments(report, signal),
    select: ({ threads }) => new Map(threads.map((thread) => [thread.block, thread])),
    enabled: isWanted,
    refetchOnMount: "always",
    refetchOnWindowFocus: true,
  });
}

export interface CommentAction {
  text?: string;
  remove?: string;
  isResolved?: boolean;
  author: string;
}

/** What changes a thread: a new comment, one removed, or whether it is settled. */
export function useCommenting(report: string, block: string) {
  const client = useQueryClient();
  return useMutation<CommentThread, Error, CommentAction>({
    mutationFn: ({ text, remove, isResolved, author }) =>
      text !== undefined
        ? addComment(report, { block, text, author })
        : remove !== undefined
          ? removeComment(report, remove, author)
          : markThread(report, block, { is_resolved: isResolved ?? false, author }),
    onSettled: () => client.invalidateQueries({ queryKey: ["comments", report] }),
  });
}

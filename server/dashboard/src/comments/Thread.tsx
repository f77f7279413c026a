import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Comment, CommentThread } from "../api/types";
import { isolated } from "../i18n";
import { formatDate } from "../list/columns";
import { Markdown } from "../markdown/Markdown";
import { AuthorField } from "../shell/AuthorField";
import { Icon } from "../shell/Icon";
import { Tool } from "../shell/Tool";
import { useAuthor } from "../shell/usePerson";
import "../styles/comments.css";
import { useCommenting } from "./useComments";

interface ThreadProps {
  report: string;
  block: string;
  /** What the block is called. */
  title: string;
  thread: CommentThread | undefined;
}

/** What was said of a block, behind one button; none of it is part of the report. */
export function Thread({ report, block, title, thread }: ThreadProps) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const count = thread?.comments.filter((comment) => comment.removed_ns === null).length ?? 0;
  const label =
    count === 0
      ? t("comments.write")
      : t(thread!.is_resolved ? "comments.count_resolved" : "comments.count", { count });
  return (
    <div className="comments" data-live role="group" aria-label={t("comments.of", { title })}>
      <button
        type="button"
        className={count > 0 && !thread!.is_resolved ? "chip is-on" : "chip"}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name={thread?.is_resolved ? "check" : "edit"} /> {label}
      </button>
      {isOpen && <OpenThread report={report} block={block} thread={thread} />}
    </div>
  );
}

function OpenThread({ report, block, thread }: Omit<ThreadProps, "title">) {
  const { t } = useTranslation();
  const author = useAuthor();
  const fieldId = useId();
  const [text, setText] = useState("");
  const sending = useCommenting(report, block);
  const send = () => {
    if (!text.trim()) return;
    author.keep();
    sending.mutate({ text, author: author.name }, { onSuccess: () => setText("") });
  };
  return (
    <div className="comments-thread">
      <ol>
        {thread?.comments.map((comment) => (
          <Said
            key={comment.id}
            comment={comment}
            isOwn={comment.author === author.name}
            onRemove={() => sending.mutate({ remove: comment.id, author: author.name })}
          />
        ))}
      </ol>
      {thread && (
        <p className="comments-state">
          <button
            type="button"
            className="chip"
            disabled={sending.isPending}
            onClick={() => sending.mutate({ isResolved: !thread.is_resolved, author: author.name })}
          >
            {t(thread.is_resolved ? "comments.reopen" : "comments.resolve")}
          </button>
          {thread.is_resolved && thread.marked_ns !== null && (
            <span className="muted">
              {[t("comments.resolved"), isolated(thread.marked_by), formatDate(thread.marked_ns)]
                .filter(Boolean)
                .join(" · ")}
            </span>
          )}
        </p>
      )}
      <form
        onSubmit={(submit) => {
          submit.preventDefault();
          send();
        }}
      >
        <label htmlFor={fieldId}>{t("comments.text")}</label>
        <textarea
          id={fieldId}
          rows={3}
          maxLength={10_000}
          value={text}
          onChange={(change) => setText(change.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
          }}
        />
        <AuthorField author={author} />
        {sending.error && (
          <p className="bad" role="alert">
            {sending.error.message}
          </p>
        )}
        <button type="submit" className="chip" disabled={!text.trim() || sending.isPending}>
          {t("comments.send")}
        </button>
      </form>
    </div>
  );
}

function Said(props: { comment: Comment; isOwn: boolean; onRemove: () => void }) {
  const { comment, isOwn, onRemove } = props;
  const { t } = useTranslation();
  const who = isolated(comment.author) || t("comments.nobody");
  return (
    <li>
      <header>
        <b>{who}</b> <span className="muted">{formatDate(comment.made_ns)}</span>
        {isOwn && comment.removed_ns === null && (
          <Tool icon="trash" label={t("comments.remove")} onClick={onRemove} />
        )}
      </header>
      {comment.removed_ns === null ? (
        <Markdown text={comment.text} />
      ) : (
        <p className="muted">{t("comments.removed", { time: formatDate(comment.removed_ns) })}</p>
      )}
    </li>
  );
}

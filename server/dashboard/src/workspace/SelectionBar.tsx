import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import Popover from "@mui/material/Popover";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { RunSummary } from "../api/types";
import { tagsIn } from "../list/edits";
import type { Action } from "../list/bulk";
import { Icon, type IconName } from "../shell/Icon";

/** So many runs are named before they are deleted. */
const NAMED_MAX = 8;

interface SelectionBarProps {
  chosen: readonly RunSummary[];
  /** All that are known: what their tags and groups are is offered. */
  known: readonly RunSummary[];
  isBusy: boolean;
  onPerform: (action: Action) => void;
  onCompare: () => void;
  onClear: () => void;
}

/** What can be done with the runs that are ticked. */
export function SelectionBar(props: SelectionBarProps) {
  const { chosen, known, isBusy, onPerform } = props;
  const { t } = useTranslation();
  const [isDeleting, setDeleting] = useState(false);
  const put = (kind: "archive" | "restore") => (
    <button
      type="button"
      className="chip"
      disabled={isBusy}
      title={t("list.edit_archive_hint")}
      onClick={() => onPerform({ kind })}
    >
      {t(kind === "archive" ? "list.edit_archive" : "list.edit_restore")}
    </button>
  );
  return (
    <div className="selection-bar" role="group" aria-label={t("bulk.bar")}>
      <span role="status">{t("list.selected", { count: chosen.length })}</span>
      <button type="button" className="chip" disabled={chosen.length < 2} onClick={props.onCompare}>
        <Icon name="compare" /> {t("list.compare")}
      </button>
      <Opener icon="tag" text={t("bulk.tags")} isDisabled={isBusy}>
        {(close) => (
          <TagForm
            chosen={chosen}
            known={known}
            onDone={(action) => {
              close();
              onPerform(action);
            }}
          />
        )}
      </Opener>
      <Opener icon="folder" text={t("bulk.groups")} isDisabled={isBusy}>
        {(close) => (
          <GroupForm
            known={known}
            onDone={(action) => {
              close();
              onPerform(action);
            }}
          />
        )}
      </Opener>
      {chosen.some((run) => !run.archived) && put("archive")}
      {chosen.some((run) => run.archived) && put("restore")}
      <button
        type="button"
        className="chip"
        disabled={isBusy}
        aria-haspopup="dialog"
        onClick={() => setDeleting(true)}
      >
        <Icon name="trash" /> {t("bulk.delete_ask")}
      </button>
      <button type="button" className="chip" onClick={props.onClear}>
        {t("list.unselect")}
      </button>
      {isDeleting && (
        <DeleteDialog
          chosen={chosen}
          onClose={() => setDeleting(false)}
          onDelete={() => {
            setDeleting(false);
            onPerform({ kind: "delete" });
          }}
        />
      )}
    </div>
  );
}

function Opener(props: {
  icon: IconName;
  text: string;
  isDisabled: boolean;
  children: (close: () => void) => ReactNode;
}) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const close = () => setAnchor(null);
  return (
    <>
      <button
        type="button"
        className="chip"
        aria-haspopup="dialog"
        disabled={props.isDisabled}
        onClick={(click) => setAnchor(click.currentTarget)}
      >
        <Icon name={props.icon} /> {props.text}
      </button>
      <Popover
        open={anchor !== null}
        anchorEl={anchor}
        onClose={close}
        anchorOrigin={{ vertical: "top", horizontal: "left" }}
        transformOrigin={{ vertical: "bottom", horizontal: "left" }}
      >
        <div className="bulk-form" role="dialog" aria-label={props.text}>
          {props.children(close)}
        </div>
      </Popover>
    </>
  );
}

function TagForm(props: {
  chosen: readonly RunSummary[];
  known: readonly RunSummary[];
  onDone: (action: Action) => void;
}) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const tags = tagsIn(text);
  const own = [...new Set(props.chosen.flatMap((run) => run.tags))].sort();
  return (
    <form
      onSubmit={(submit) => {
        submit.preventDefault();
        if (tags.length > 0) props.onDone({ kind: "tag", tags });
      }}
    >
      <label>
        {t("list.edit_tags")}
        <input
          autoFocus
          value={text}
          list="bulk-tags"
          onChange={(change) => setText(change.target.value)}
        />
      </label>
      <Known id="bulk-tags" values={props.known.flatMap((run) => run.tags)} />
      <button type="submit" className="chip" disabled={tags.length === 0}>
        {t("bulk.tag")}
      </button>
      {own.length > 0 && (
        <>
          <h3>{t("bulk.untag")}</h3>
          <p className="bulk-tags">
            {own.map((tag) => (
              <button
                key={tag}
                type="button"
                className="chip"
                aria-label={t("bulk.untag_this", { tag })}
                onClick={() => props.onDone({ kind: "untag", tags: [tag] })}
              >
                {tag} <Icon name="close" />
              </button>
            ))}
          </p>
        </>
      )}
    </form>
  );
}

function GroupForm(props: { known: readonly RunSummary[]; onDone: (action: Action) => void }) {
  const { t } = useTranslation();
  const [group, setGroup] = useState("");
  return (
    <form
      onSubmit={(submit) => {
        submit.preventDefault();
        if (group.trim()) props.onDone({ kind: "group", group: group.trim() });
      }}
    >
      <label>
        {t("list.group")}
        <input
          autoFocus
          value={group}
          list="bulk-groups"
          onChange={(change) => setGroup(change.target.value)}
        />
      </label>
      <Known id="bulk-groups" values={props.known.map((run) => run.group)} />
      <p className="bulk-tags">
        <button type="submit" className="chip" disabled={!group.trim()}>
          {t("bulk.group")}
        </button>
        <button
          type="button"
          className="chip"
          onClick={() => props.onDone({ kind: "group", group: "" })}
        >
          {t("bulk.ungroup")}
        </button>
      </p>
    </form>
  );
}

function Known({ id, values }: { id: string; values: readonly string[] }) {
  return (
    <datalist id={id}>
      {[...new Set(values)]
        .filter(Boolean)
        .sort()
        .map((value) => (
          <option key={value} value={value} />
        ))}
    </datalist>
  );
}

/** Says what deleting means before it is done. */
function DeleteDialog(props: {
  chosen: readonly RunSummary[];
  onClose: () => void;
  onDelete: () => void;
}) {
  const { chosen, onClose, onDelete } = props;
  const { t } = useTranslation();
  const more = chosen.length - NAMED_MAX;
  return (
    <Dialog open onClose={onClose} aria-labelledby="delete-title" aria-describedby="delete-text">
      <div className="edit-form">
        <h2 id="delete-title">{t("bulk.delete_title", { count: chosen.length })}</h2>
        <ul className="delete-names">
          {chosen.slice(0, NAMED_MAX).map((run) => (
            <li key={run.id}>{run.name}</li>
          ))}
          {more > 0 && <li className="muted">{t("bulk.more", { count: more })}</li>}
        </ul>
        <div id="delete-text">
          <p>{t("bulk.delete_what")}</p>
          {chosen.some((run) => run.state === "running") && (
            <p className="bad">{t("bulk.delete_live")}</p>
          )}
        </div>
        <footer>
          <Button color="inherit" onClick={onClose} autoFocus>
            {t("list.edit_cancel")}
          </Button>
          <Button variant="contained" onClick={onDelete}>
            {t("bulk.delete")}
          </Button>
        </footer>
      </div>
    </Dialog>
  );
}

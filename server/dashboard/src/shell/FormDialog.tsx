import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import { useId, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

interface FormDialogProps {
  title: string;
  /** What the button says that sends the form. */
  action: string;
  /** The state of what is sent. */
  sending: { isPending: boolean; error: Error | null };
  /** Whether everything that is needed has been filled in. */
  isReady?: boolean;
  onSubmit: () => void;
  onClose: () => void;
  /** Another button, at the other end of the line of buttons. */
  other?: ReactNode;
  children: ReactNode;
}

/** Fields that are sent together; what the server refuses is said below them. */
export function FormDialog(props: FormDialogProps) {
  const { title, action, sending, isReady = true, onSubmit, onClose, other, children } = props;
  const { t } = useTranslation();
  const titleId = useId();
  return (
    <Dialog open onClose={onClose} aria-labelledby={titleId}>
      <form
        className="edit-form"
        onSubmit={(submit) => {
          submit.preventDefault();
          onSubmit();
        }}
      >
        <h2 id={titleId}>{title}</h2>
        {children}
        {sending.error && (
          <p className="bad" role="alert">
            {sending.error.message}
          </p>
        )}
        <footer>
          {other}
          <Button color="inherit" onClick={onClose}>
            {t("list.edit_cancel")}
          </Button>
          <Button type="submit" variant="contained" disabled={sending.isPending || !isReady}>
            {action}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

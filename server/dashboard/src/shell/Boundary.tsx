import { Component, type ReactNode } from "react";

import { Failure } from "./Failure";

interface Props {
  children: ReactNode;
  /** The page that is shown: another one gets a chance of its own. */
  page?: string;
}

/** Keeps the bar usable, and says what happened, where a page fails to render. */
export class Boundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override componentDidUpdate(previous: Props) {
    if (previous.page !== this.props.page && this.state.error) this.setState({ error: null });
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    // What made it fail is in memory: an answer that was understood wrong, a script that could not
    // be fetched once, which browsers do not fetch again.
    return <Failure error={error} isOfPage onRetry={() => window.location.reload()} />;
  }
}

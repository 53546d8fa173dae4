/** What is on air in a language's channel: attribute `translator.channel`. */

export const CHANNEL = "translator.channel";

export interface ChannelState {
  readonly onAir: "machine" | "booth" | "floor" | "none";
  /** Seconds from the speech to its rendition. */
  readonly lag: number;
}

const KINDS: readonly unknown[] = ["machine", "booth", "floor", "none"];

/** The state, or null while there is none. */
export function parseChannel(attribute: string | undefined): ChannelState | null {
  try {
    const { on_air: onAir, lag } = JSON.parse(attribute ?? "") as Record<string, unknown>;
    if (!KINDS.includes(onAir) || typeof lag !== "number" || !Number.isFinite(lag)) return null;
    return { onAir: onAir as ChannelState["onAir"], lag: Math.max(lag, 0) };
  } catch {
    return null;
  }
}
